"use strict";
(() => {
  const { layers, tables, columns, madeOf } = JSON.parse(document.getElementById("graph").textContent);
  const usedBy = columns.map(() => []);
  madeOf.forEach((parents, column) => parents.forEach((parent) => usedBy[parent].push(column)));
  const input = document.getElementById("column"), said = document.getElementById("said");
  const drawing = document.getElementById("drawing");
  const ROW = 18, HEAD = 40, GAP = 18, LETTER = 6.8, BETWEEN = 70;
  const tableOf = (column) => columns[column].slice(0, columns[column].lastIndexOf("."));
  const nameOf = (column) => columns[column].slice(columns[column].lastIndexOf(".") + 1);
  document.getElementById("columns").append(...columns.map((name) => Object.assign(document.createElement("option"), { value: name })));

  // All columns that can be reached, the one asked for included.
  const reached = (start, next) => {
    const seen = new Set([start]), waiting = [start];
    while (waiting.length) for (const to of next[waiting.pop()]) if (!seen.has(to)) { seen.add(to); waiting.push(to); }
    return seen;
  };
  const element = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  function draw(asked) {
    const above = reached(asked, madeOf), below = reached(asked, usedBy), all = new Set([...above, ...below]);
    const boxes = new Map();
    for (const column of all) {
      const name = tableOf(column);
      if (!boxes.has(name)) boxes.set(name, { name, columns: [], parents: new Set(), layer: tables[name][0] });
      boxes.get(name).columns.push(column);
    }
    for (const box of boxes.values()) box.columns.sort((a, b) => a - b);
    const lines = [];
    for (const column of all) for (const parent of madeOf[column]) {
      const sameWay = (above.has(column) && above.has(parent)) || (below.has(column) && below.has(parent));
      if (sameWay && tableOf(parent) !== tableOf(column)) {
        lines.push([parent, column]);
        boxes.get(tableOf(column)).parents.add(tableOf(parent));
      }
    }
    // A table stands right of all that it is made of; one that is made of itself in a circle counts once.
    const rank = (box, path) => box.rank ??= Math.max(-1, ...[...box.parents].filter((p) => !path.includes(p))
      .map((p) => rank(boxes.get(p), [...path, box.name]))) + 1;
    const ranks = [];
    for (const box of boxes.values()) (ranks[rank(box, [box.name])] ??= []).push(box);
    let x = 4, height = 0;
    for (const group of ranks) {
      group.sort((a, b) => a.layer - b.layer || (a.name < b.name ? -1 : 1));
      const longest = Math.max(...group.flatMap((box) => [box.name.length * 1.1, ...box.columns.map((c) => nameOf(c).length)]));
      const width = longest * LETTER + 26;
      let y = 4;
      for (const box of group) {
        Object.assign(box, { x, y, width, height: HEAD + ROW * box.columns.length + 6 });
        y += box.height + GAP;
      }
      height = Math.max(height, y);
      x += width + BETWEEN;
    }
    // Short columns of boxes stand in the middle.
    for (const group of ranks) {
      const last = group[group.length - 1], down = (height - GAP - last.y - last.height) / 2;
      for (const box of group) box.y += down;
    }
    const svg = element("svg", { class: "lineage", width: x - BETWEEN + 4, height, role: "group", "aria-label": "Lineage of " + columns[asked] });
    const at = (column) => { const box = boxes.get(tableOf(column)); return [box, box.y + HEAD + ROW * (box.columns.indexOf(column) + 0.5)]; };
    for (const [from, to] of lines) {
      const [a, y1] = at(from), [b, y2] = at(to), x1 = a.x + a.width, half = (b.x - x1) / 2;
      svg.append(element("path", { class: "line", d: `M${x1} ${y1}C${x1 + half} ${y1} ${b.x - half} ${y2} ${b.x} ${y2}` }));
    }
    for (const box of boxes.values()) {
      svg.append(element("rect", { class: "frame", x: box.x, y: box.y, width: box.width, height: box.height, rx: 6 }));
      const link = element("a", { href: "../" + tables[box.name][1] });
      link.append(element("text", { class: "name", x: box.x + 10, y: box.y + 18 }, box.name));
      svg.append(link, element("text", { class: "layer", x: box.x + 10, y: box.y + 32 }, layers[box.layer]));
      for (const column of box.columns) {
        const row = element("a", { href: "#" + columns[column] });
        row.append(element("text", { class: column === asked ? "asked" : "row", x: box.x + 12, y: at(column)[1] + 4 }, nameOf(column)));
        svg.append(row);
      }
    }
    drawing.replaceChildren(svg);
    const own = boxes.get(tableOf(asked));
    drawing.scrollLeft = own.x + own.width / 2 - drawing.clientWidth / 2;
    said.textContent = `Made of ${above.size - 1} columns; ${below.size - 1} are made of it. Choose a column to see its own lineage.`;
  }

  function show(name) {
    const column = columns.indexOf(name);
    if (column >= 0) draw(column);
    else if (name) said.textContent = "No such column. Type a table's name, a dot and a column's name.";
    else drawing.replaceChildren();
  }
  input.addEventListener("change", () => { location.hash = input.value.trim(); });
  const follow = () => { input.value = decodeURIComponent(location.hash.slice(1)); show(input.value); };
  addEventListener("hashchange", follow);
  if (location.hash.length > 1) follow();
  else { input.value = columns.includes("dim_trade.commission") ? "dim_trade.commission" : columns[0] || ""; show(input.value); }
})();
