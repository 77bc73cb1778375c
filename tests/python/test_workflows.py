"""Workflows call make targets and nothing else, can do no harm, and their targets work in the order they call them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from warehouse import PROJECT, copy_project

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
# Takes what the others have found and posts it; it runs no code of the project.
POSTS = "comment.yml"
FILES = [*WORKFLOWS, PROJECT / ".github" / "actions" / "set-up" / "action.yml"]


def read(path: Path) -> dict[str, Any]:
    # PyYAML takes the key `on` for a truth value.
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def steps(path: Path) -> list[dict[str, Any]]:
    content = read(path)
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_step_is_a_make_target(path: Path) -> None:
    for command in (step["run"] for step in steps(path) if "run" in step):
        called = re.fullmatch(r"make ([a-z-]+)( [A-Z]+=\S.*)?", command)
        assert called, command
        assert re.search(rf"^{called.group(1)}:", MAKEFILE, re.M), f"make {called.group(1)} is not there"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned(path: Path) -> None:
    """By commit, with the version that it is as a comment."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if "uses:" in line and "./" not in line:
            assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_permissions_are_the_least(path: Path) -> None:
    content = read(path)
    assert content["permissions"] == {}
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text and "pull_request_target" not in text
    for name, job in content["jobs"].items():
        writes = {scope for scope, level in job["permissions"].items() if level == "write"}
        allowed = {POSTS: {"pull-requests"}}.get(path.name, {"pages", "id-token"} if name == "pages" else set())
        assert writes <= allowed, (path.name, name)
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False
        if writes:
            assert not any("run" in step or "checkout" in step.get("uses", "") for step in job["steps"])


def test_the_comment_fits_what_is_uploaded() -> None:
    """Names that two workflows and a program share."""
    every = [step["with"] | {"uses": step["uses"]} for path in WORKFLOWS for step in steps(path) if "with" in step]
    uploaded = {step["name"]: step["path"] for step in every if "/upload-artifact@" in step["uses"]}
    downloaded = [step["name"] for step in every if "/download-artifact@" in step["uses"]]
    assert downloaded == ["review"] and uploaded["review"] == "data/review/"
    from scripts.review.base import ARTIFACT, FOLDER, WORKFLOW

    assert uploaded[ARTIFACT] == f"{FOLDER.relative_to(PROJECT)}/"
    assert (PROJECT / ".github" / "workflows" / WORKFLOW) in WORKFLOWS


@pytest.mark.long
@pytest.mark.warehouse
def test_a_pull_request_gets_a_report_of_what_it_changes(room: Path) -> None:
    """The targets of the warehouse job, in order, on a clone in which a price became a cent dearer."""
    project = copy_project(room / "project")

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=project, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", "--all")
    git("commit", "--message", "As it is")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    model = project / "models/core/facts/fact_holdings.sql"
    sql = model.read_text(encoding="utf-8")
    changed = sql.replace("trade_price as current_price", "cast(trade_price + 0.01 as decimal(15, 2)) as current_price")
    assert changed != sql
    model.write_text(changed, encoding="utf-8")

    job = read(PROJECT / ".github/workflows/pull-request.yml")["jobs"]["warehouse"]
    told = ("DBT_", "GH_", "MAKE", "MFLAGS", "WAREHOUSE_", "LANDING_", "PUBLISH_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(told)}
    installed = ("-o", ".venv/.installed", "-o", "dbt_packages/.installed", f"BIN={Path(sys.executable).parent}")
    codes = {}
    for command in (step["run"] for step in job["steps"] if "run" in step):
        arguments = [*command.split(), *installed]
        ran = subprocess.run(arguments, cwd=project, env=environment, capture_output=True, text=True, check=False)
        codes[command] = ran.returncode
        if command != "make expectations":
            assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert codes["make expectations"], "The numbers changed, and the expectations did not say so."

    comment = (project / "data/review/comment.md").read_text(encoding="utf-8")
    print(comment)
    assert "current_price" in comment and "core.fact_holdings" in comment
    assert "| Clients | Analysts" in comment
    assert "core.dim_customer" not in comment
    assert (project / "data/review/diff.html").exists() and (project / "site/index.html").exists()
