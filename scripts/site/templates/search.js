"use strict";
// Entries that hold every word, the best first: a name that is what was asked, then one that begins so, then one that
// holds it, then descriptions. Tables come before their columns.
function find(index, query, most) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const scored = [];
  for (const entry of index) {
    const name = entry[1].toLowerCase(), last = name.slice(name.lastIndexOf(".") + 1);
    const text = name.replaceAll("_", " ") + " " + name + " " + entry[2].toLowerCase() + " " + entry[0];
    let score = entry[0] === "column" ? 0 : 5;
    for (const word of words) {
      if (!text.includes(word)) { score = -1; break; }
      score += name === word ? 60 : last === word ? 40 : name.startsWith(word) ? 25 : name.includes(word) ? 15 : 1;
    }
    if (score >= 0) scored.push([score, entry]);
  }
  scored.sort((a, b) => b[0] - a[0] || a[1][1].length - b[1][1].length || (a[1][1] < b[1][1] ? -1 : 1));
  return scored.slice(0, most).map((pair) => pair[1]);
}

if (typeof document !== "undefined") {
  const index = JSON.parse(document.getElementById("index").textContent);
  const input = document.getElementById("query"), list = document.getElementById("results");
  const said = document.getElementById("said");
  const show = () => {
    const found = find(index, input.value, 40);
    list.replaceChildren(...found.map((entry) => {
      const item = document.createElement("li"), link = document.createElement("a");
      const kind = document.createElement("span"), text = document.createElement("span");
      link.href = entry[3];
      link.textContent = entry[1];
      kind.textContent = entry[0];
      kind.className = "kind";
      text.textContent = entry[2];
      text.className = "quiet";
      item.append(kind, link, text);
      return item;
    }));
    said.textContent = !input.value.trim() ? "" : found.length ? "" : "Nothing found. Try fewer words.";
  };
  input.addEventListener("input", show);
  // Enter opens the first result.
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && list.querySelector("a")) list.querySelector("a").click();
  });
  const focus = () => { if (location.hash === "#search") input.focus(); };
  addEventListener("hashchange", focus);
  focus();
  show();
}
