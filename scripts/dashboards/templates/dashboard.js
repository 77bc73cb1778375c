// Filters columns in memory and hands rows to charts, tiles and tables. `page` is inlined above: cubes, metrics, views.
// A cube is columns of codes into lists of values, one for each dimension, and columns of whole numbers.
(() => {
  "use strict";
  const state = { from: "", to: "", picked: {} };
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  const number = (digits) => new Intl.NumberFormat("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
  const duration = (s) =>
    s < 120 ? `${number(0).format(s)} s` : s < 7200 ? `${number(1).format(s / 60)} min`
      : s < 172800 ? `${number(1).format(s / 3600)} h` : `${number(1).format(s / 86400)} days`;
  const formats = {
    money: (v) => (Math.abs(v) >= 1e5 ? short.format(v) : number(2).format(v)),
    count: (v) => number(0).format(v),
    percent: (v) => `${number(Math.abs(v) < 0.1 ? 2 : 1).format(v * 100)} %`,
    decimal: (v) => number(2).format(v),
    duration,
  };
  const show = (v, format) => (v === null || v === undefined || Number.isNaN(v) ? "–" : formats[format](v));

  // Which rows of a cube pass the filters, leaving one dimension out; its date is an ISO text, so it sorts as text.
  function passing(cube, except) {
    const tests = [];
    const date = cube.date && cube.dims[cube.date];
    if (date && (state.from || state.to)) {
      const ok = date.values.map((v) => (!state.from || v >= state.from) && (!state.to || v <= state.to));
      tests.push([date.codes, ok]);
    }
    for (const [dim, value] of Object.entries(state.picked)) {
      if (dim !== except && cube.dims[dim]) tests.push([cube.dims[dim].codes, cube.dims[dim].values.map((v) => v === value)]);
    }
    const rows = [];
    next: for (let i = 0; i < cube.size; i++) {
      for (const [codes, ok] of tests) if (!ok[codes[i]]) continue next;
      rows.push(i);
    }
    return rows;
  }

  // Rows of a view: its dimensions, and its metrics as numbers. A metric of a point in time counts the last date only,
  // unless the view is by date.
  function aggregate(view, except) {
    const cube = page.cubes[view.cube];
    const dims = view.by.map((dim) => cube.dims[dim]);
    const date = cube.date && cube.dims[cube.date];
    const rows = passing(cube, except);
    let last = -1;
    if (date && !view.by.includes(cube.date)) {
      for (const i of rows) if (last < 0 || date.values[date.codes[i]] > date.values[last]) last = date.codes[i];
    }
    const needed = [...new Set(view.metrics.flatMap((m) => page.metrics[m].parts))];
    const atEnd = new Set(view.metrics.filter((m) => page.metrics[m].at_end).flatMap((m) => page.metrics[m].parts));
    const groups = new Map();
    for (const i of rows) {
      const key = dims.map((d) => d.codes[i]).join("|");
      let group = groups.get(key);
      if (!group) groups.set(key, (group = { at: i, sums: Object.fromEntries(needed.map((n) => [n, 0])) }));
      for (const n of needed) {
        if (last < 0 || !atEnd.has(n) || date.codes[i] === last) group.sums[n] += cube.measures[n][i] || 0;
      }
    }
    if (!dims.length && !groups.size) return [];
    return [...groups.values()].map(({ at, sums }) => {
      const row = {};
      view.by.forEach((dim, k) => (row[dim] = dims[k].values[dims[k].codes[at]]));
      for (const m of view.metrics) row[m] = value(page.metrics[m], sums);
      return row;
    });
  }

  function value(metric, sums) {
    const [over, under] = metric.parts;
    if (metric.parts.length === 1) return sums[over] / metric.scale;
    return sums[under] ? ((metric.minus ? sums[under] - sums[over] : sums[over]) / sums[under]) / metric.scale : null;
  }

  function ordered(view, rows) {
    const cube = page.cubes[view.cube];
    if (view.sort) {
      const m = view.metrics[0];
      const sign = view.sort === "ascending" ? -1 : 1;
      const total = {};
      const name = view.by[0];
      for (const row of rows) total[row[name]] = (total[row[name]] ?? 0) + (row[m] ?? 0);
      const missing = (row) => (row[m] === null ? 1 : 0);
      // Bars that are stacked stay together, in the order of their totals; what has no value comes last.
      rows.sort((a, b) => missing(a) - missing(b) || sign * (total[b[name]] - total[a[name]]) || (a[name] < b[name] ? -1 : a[name] > b[name] ? 1 : 0));
    } else if (view.by.length) {
      const place = (row, dim) => cube.dims[dim].values.indexOf(row[dim]);
      const dim = view.by[0];
      if (dim === cube.date) rows.sort((a, b) => (a[dim] < b[dim] ? -1 : 1));
      else rows.sort((a, b) => place(a, dim) - place(b, dim));
    }
    return rows;
  }

  const charts = {};
  async function draw(view, rows) {
    const names = [...new Set(rows.map((row) => row[view.by[0]]))];
    const first = new Set(view.top ? names.slice(0, view.top) : names);
    const shown = rows.filter((row) => first.has(row[view.by[0]]) && view.metrics.some((m) => row[m] !== null));
    const data = view.long
      ? shown.flatMap((row) => view.metrics.map((m) => ({ ...row, series: page.metrics[m].label, value: row[m] })))
      : shown;
    if (!charts[view.id]) {
      const spec = JSON.parse(JSON.stringify(view.spec));
      // Scales need rows before the view first runs.
      spec.data.find((d) => d.name === "rows").values = data;
      spec.width = $(`#${view.id} .chart`).clientWidth;
      const result = await vegaEmbed($(`#${view.id} .chart`), spec, { ast: true, renderer: "svg", actions: false, mode: "vega" });
      charts[view.id] = result.view;
      if (view.click) {
        result.view.addEventListener("click", (_, item) => {
          const picked = item && item.datum && item.datum[view.click];
          if (picked !== undefined) pick(view.click, state.picked[view.click] === picked ? "" : picked);
        });
      }
    } else {
      await charts[view.id].data("rows", data).resize().runAsync();
    }
    $(`#${view.id} .empty`).hidden = data.length > 0;
    const cut = $(`#${view.id} .cut`);
    if (cut) cut.textContent = names.length > first.size ? `The first ${first.size} of ${names.length}.` : "";
  }

  const sorting = {};
  function fill(view, rows) {
    const columns = [...view.by, ...view.metrics];
    const sort = sorting[view.id];
    if (sort) {
      const sign = sort.descending ? -1 : 1;
      rows = [...rows].sort((a, b) => {
        const [x, y] = [a[sort.column] ?? "", b[sort.column] ?? ""];
        return sign * (typeof x === "number" && typeof y === "number" ? x - y : String(x) < String(y) ? -1 : x === y ? 0 : 1);
      });
    }
    const body = $(`#${view.id} tbody`);
    const most = 200;
    body.replaceChildren(...rows.slice(0, most).map((row) => {
      const tr = document.createElement("tr");
      for (const column of columns) {
        const cell = document.createElement("td");
        const metric = page.metrics[column];
        cell.textContent = metric && view.metrics.includes(column) ? show(row[column], metric.format) : row[column];
        if (metric && view.metrics.includes(column)) cell.className = "number";
        else if (view.click === column) {
          const button = document.createElement("button");
          button.textContent = row[column];
          button.title = "Show only this";
          button.onclick = () => pick(column, state.picked[column] === row[column] ? "" : row[column]);
          cell.replaceChildren(button);
        }
        tr.append(cell);
      }
      return tr;
    }));
    $(`#${view.id} .rows`).textContent = rows.length > most ? `${most} of ${rows.length} rows; the CSV has all.` : `${rows.length} rows`;
    all(`#${view.id} th`).forEach((th) => th.setAttribute(
      "aria-sort", sort && sort.column === th.dataset.column ? (sort.descending ? "descending" : "ascending") : "none"));
    $(`#${view.id} .csv`).onclick = () => {
      const quoted = (v) => (/[",\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
      const lines = [columns, ...rows.map((row) => columns.map((c) => row[c] ?? ""))];
      const blob = new Blob([lines.map((line) => line.map((v) => quoted(String(v))).join(",")).join("\n") + "\n"], { type: "text/csv" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${page.slug}-${view.id}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
  }

  async function refresh() {
    for (const view of page.views) {
      const rows = ordered(view, aggregate(view, view.click));
      if (view.kind === "tile") {
        $(`#${view.id} .value`).textContent = rows.length ? show(rows[0][view.metrics[0]], page.metrics[view.metrics[0]].format) : "–";
      } else {
        if (view.spec) await draw(view, rows);
        fill(view, rows);
      }
      const unfiltered = Object.keys(state.picked).filter((dim) => !page.cubes[view.cube].dims[dim]);
      const note = $(`#${view.id} .unfiltered`);
      if (note) note.textContent = unfiltered.length ? `Not filtered by ${unfiltered.map((d) => page.labels[d] || d).join(", ")}.` : "";
    }
  }

  function pick(dim, chosen) {
    if (chosen) state.picked[dim] = chosen;
    else delete state.picked[dim];
    write();
  }

  function write() {
    const parts = new URLSearchParams();
    if (state.from) parts.set("from", state.from);
    if (state.to) parts.set("to", state.to);
    for (const [dim, chosen] of Object.entries(state.picked)) parts.set(dim, chosen);
    const hash = parts.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    read();
  }

  function read() {
    const parts = new URLSearchParams(location.hash.slice(1));
    state.from = parts.get("from") || "";
    state.to = parts.get("to") || "";
    state.picked = {};
    for (const select of all("select[data-dim]")) {
      const chosen = parts.get(select.dataset.dim) || "";
      select.value = chosen;
      if (select.value) state.picked[select.dataset.dim] = chosen;
    }
    all("input[data-edge]").forEach((input) => (input.value = state[input.dataset.edge] || input.dataset.default));
    document.body.dataset.ready = "";
    refresh().then(() => (document.body.dataset.ready = "yes"));
  }

  all("select[data-dim]").forEach((select) => (select.onchange = () => pick(select.dataset.dim, select.value)));
  all("input[data-edge]").forEach((input) => (input.onchange = () => {
    state[input.dataset.edge] = input.value === input.dataset.default ? "" : input.value;
    write();
  }));
  const reset = $("#reset");
  if (reset) reset.onclick = () => { history.replaceState(null, "", location.pathname + location.search); read(); };
  all("th[data-column]").forEach((th) => ($("button", th).onclick = () => {
    const view = page.views.find((v) => v.id === th.closest("section").id);
    const old = sorting[view.id];
    const column = th.dataset.column;
    sorting[view.id] = { column, descending: old && old.column === column ? !old.descending : view.metrics.includes(column) };
    refresh();
  }));
  addEventListener("hashchange", read);
  addEventListener("resize", () => Object.entries(charts).forEach(
    ([id, view]) => view.width($(`#${id} .chart`).clientWidth).runAsync()));
  read();
})();
