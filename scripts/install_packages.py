"""Install dbt packages: from the package hub, or stand-ins for them where the hub is out of reach."""

from __future__ import annotations

import shutil
import subprocess

import requests

from scripts.project import DBT, PROJECT

HUB = "https://hub.getdbt.com/api/v1/dbt-labs/dbt_utils.json"
PATIENCE_SECONDS = 3


def hub_answers() -> bool:
    """Whether the package hub can be reached, found out quickly: dbt itself would retry for minutes."""
    try:
        return requests.get(HUB, timeout=PATIENCE_SECONDS).ok
    except requests.RequestException:
        return False


def install_stand_ins() -> None:
    """Copy the stand-ins to where dbt looks for packages."""
    for stand_in in sorted((PROJECT / "packages").glob("*_stand_in")):
        target = PROJECT / "dbt_packages" / stand_in.name.removesuffix("_stand_in")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(stand_in, target)
        print(f"The dbt package hub does not answer: using this project's stand-in for {target.name}.")


def main() -> None:
    """Install what packages.yml names, unless it is there already."""
    if hub_answers():
        done = subprocess.run([DBT, "deps", "--quiet"], cwd=PROJECT, check=False)
        if done.returncode == 0:
            return
    install_stand_ins()


if __name__ == "__main__":
    main()
