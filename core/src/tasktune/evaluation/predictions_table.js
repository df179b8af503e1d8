"use strict";
// Fills the table of predictions. Whatever comes from data is only ever set as text, never as markup.
(async () => {
  const { words, page: pageRows, rows: packed } = JSON.parse(document.getElementById("data").textContent);
  const section = document.getElementById("predictions");
  const form = section.querySelector("form");
  const table = section.querySelector("table");
  const head = table.tHead.rows[0];
  const body = table.tBodies[0];
  const pages = section.querySelector(".pages");
  const filters = form.elements;

  let columns;
  try {
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    columns = await new Response(stream).json();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    // DecompressionStream is there since 2023.
    section.querySelector("[role=alert]").hidden = false;
    return;
  }
  const fields = Object.keys(columns.inputs);
  const [main] = fields;
  const total = columns.id.length;
  const state = (row) =>
    columns.right[row] === null ? "unlabelled"
      : columns.right[row] ? "right"
        : columns.error[row] === null ? "wrong" : "unreadable";
  const haystacks = [];
  const haystack = (row) =>
    (haystacks[row] ??= [
      columns.id[row], columns.gold[row], columns.answer[row], columns.output[row],
      ...fields.map((field) => columns.inputs[field][row]),
    ].join("\n").toLowerCase());

  let shown = [];
  let page = 0;
  let sorting = { by: null, down: false };

  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children.filter((child) => child !== null));
    return made;
  };
  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const percent = (value) => (value === null ? "—" : `${(100 * value).toFixed(1)}%`);
  const number = (value) => value.toLocaleString("en");

  // Filters.
  const choose = (select, options, titleOf = (value) => value) => {
    select.append(element("option", { value: "", textContent: words.all }));
    for (const [value, count] of options) {
      select.append(element("option", { value, textContent: `${titleOf(value)} (${number(count)})` }));
    }
    select.parentElement.hidden = options.length < 2;
  };
  const counted = (values) => {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts];
  };
  const rows = [...Array(total).keys()];
  choose(filters.state, counted(rows.map(state)), (value) => words[value]);
  const byName = ([a], [b]) => (a < b ? -1 : 1);
  choose(filters.gold, counted(columns.goldClasses.flat()).sort(byName));
  choose(filters.said, counted(columns.saidClasses.flat()).sort(byName));
  // Fields with few short values part the rows into groups.
  const groups = fields.slice(1).filter((field) => {
    const values = new Set(columns.inputs[field]);
    return values.size >= 2 && values.size <= 12 && [...values].every((value) => value === null || value.length <= 40);
  });
  for (const [index, field] of groups.entries()) {
    const select = element("select", { name: `field${index}` });
    form.insertBefore(element("label", {}, field, select), form.querySelector("button"));
    choose(select, counted(columns.inputs[field].filter((value) => value !== null)).sort(byName));
  }

  const matches = (row, needles) =>
    (!filters.state.value || state(row) === filters.state.value) &&
    (!filters.gold.value || columns.goldClasses[row].includes(filters.gold.value)) &&
    (!filters.said.value || columns.saidClasses[row].includes(filters.said.value)) &&
    groups.every((field, index) => {
      const wanted = filters[`field${index}`].value;
      return !wanted || columns.inputs[field][row] === wanted;
    }) &&
    needles.every((needle) => haystack(row).includes(needle));
  const needlesOf = () => filters.words.value.toLowerCase().split(/\s+/).filter(Boolean);

  const keys = {
    record: (row) => row,
    gold: (row) => columns.gold[row] ?? "",
    answer: (row) => columns.answer[row] ?? "",
    ...(columns.confidence.some((value) => value !== null) && { confidence: (row) => columns.confidence[row] ?? -1 }),
    input: (row) => (main === undefined ? 0 : (columns.inputs[main][row] ?? "").length),
  };
  const filter = () => {
    const needles = needlesOf();
    shown = rows.filter((row) => matches(row, needles));
    if (sorting.by !== null) {
      const key = keys[sorting.by];
      const way = sorting.down ? -1 : 1;
      shown.sort((a, b) => { const x = key(a), y = key(b); return x < y ? -way : x > y ? way : a - b; });
    }
    page = 0;
    draw();
  };

  // Drawing.
  const marked = (text, needles) => {
    const lower = text.toLowerCase();
    const found = document.createDocumentFragment();
    // Lower case can be longer than the text: then places would not fit.
    if (!needles.length || lower.length !== text.length) { found.append(text); return found; }
    let at = 0;
    while (at < text.length) {
      const hits = needles.map((needle) => [lower.indexOf(needle, at), needle.length]).filter(([place]) => place >= 0);
      if (!hits.length) break;
      const [place, length] = hits.reduce((first, hit) => (hit[0] < first[0] ? hit : first));
      found.append(text.slice(at, place), element("mark", { textContent: text.slice(place, place + length) }));
      at = place + length;
    }
    found.append(text.slice(at));
    return found;
  };
  const shownText = (text, needles) =>
    text === "" ? element("span", { className: "nothing", textContent: words.empty }) : marked(text, needles);
  const cell = (title, className, ...children) => {
    const made = element("td", {}, element("div", { className: `clamp ${className}` }, ...children));
    made.dataset.title = title;
    return made;
  };
  const details = (row, needles) => {
    const list = element("dl");
    const line = (title, text) => {
      if (text !== null) list.append(element("dt", { textContent: title }), element("dd", {}, shownText(text, needles)));
    };
    for (const field of fields) line(field, columns.inputs[field][row]);
    line(words.gold, columns.gold[row]);
    line(words.answer, columns.answer[row]);
    line(words.output, columns.output[row]);
    line(words.error, columns.error[row]);
    line(words.labels, columns.labels[row]);
    return element("tr", { className: "detail" }, element("td", { colSpan: head.cells.length }, list));
  };
  const drawRow = (row, needles) => {
    const kind = state(row);
    const toggle = element("button", { type: "button" }, marked(columns.id[row], needles));
    toggle.setAttribute("aria-expanded", "false");
    const sign = { right: "✓ ", wrong: "✗ ", unreadable: "✗ ", unlabelled: "" }[kind] + words[kind];
    const line = element("tr", { className: kind === "right" ? "right" : kind === "unlabelled" ? "" : "wrong" });
    toggle.addEventListener("click", () => {
      const open = toggle.getAttribute("aria-expanded") === "true";
      toggle.setAttribute("aria-expanded", String(!open));
      if (open) line.nextSibling.remove(); else line.after(details(row, needles));
    });
    const answer = columns.answer[row];
    const gold = columns.gold[row];
    const chips = fields.slice(1).filter((field) => columns.inputs[field][row] !== null).map((field) =>
      element("span", { className: "chip" }, `${field}: `, marked(columns.inputs[field][row], needles)));
    line.append(
      element("td", {}, toggle, element("span", { className: "chip", textContent: sign })),
      cell(words.gold, "", gold === null ? "—" : shownText(gold, needles)),
      cell(words.answer, line.className === "wrong" ? "said-wrong" : "",
        answer === null ? marked(columns.output[row] || words.unreadable, needles) : shownText(answer, needles)),
      ...("confidence" in keys ? [cell(words.confidence, "", percent(columns.confidence[row]))] : []),
      cell(words.input, "", main === undefined ? "" : shownText(columns.inputs[main][row] ?? "", needles), ...chips),
    );
    return line;
  };
  const draw = () => {
    const last = Math.max(Math.ceil(shown.length / pageRows) - 1, 0);
    const needles = needlesOf();
    body.replaceChildren(...shown.slice(page * pageRows, (page + 1) * pageRows).map((row) => drawRow(row, needles)));
    pages.querySelector("[role=status]").textContent =
      fill(words.count, { shown: number(shown.length), total: number(total) });
    pages.querySelector(".where").textContent = fill(words.page, { page: number(page + 1), pages: number(last + 1) });
    pages.querySelector("[name=before]").disabled = page === 0;
    pages.querySelector("[name=after]").disabled = page === last;
  };
  const turn = (by) => { page += by; draw(); };

  // The head: a button for each column that sorts by it, the other way round at the second click.
  for (const name of Object.keys(keys)) {
    const title = element("th", { scope: "col", className: name });
    const button = element("button", { type: "button", textContent: words[name] });
    button.addEventListener("click", () => {
      sorting = { by: name, down: sorting.by === name && !sorting.down };
      for (const other of head.cells) other.removeAttribute("aria-sort");
      title.setAttribute("aria-sort", sorting.down ? "descending" : "ascending");
      filter();
    });
    title.append(button);
    head.append(title);
  }

  let waiting;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 80); });
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  pages.querySelector("[name=before]").addEventListener("click", () => turn(-1));
  pages.querySelector("[name=after]").addEventListener("click", () => turn(1));
  for (const button of document.querySelectorAll(".heat button")) {
    button.addEventListener("click", () => {
      form.reset();
      filters.gold.value = button.dataset.gold;
      filters.said.value = button.dataset.said;
      filter();
      filters.gold.focus({ preventScroll: true });
      section.scrollIntoView();
    });
  }
  for (const part of [form, pages, table]) part.hidden = false;
  filter();
  performance.mark("predictions");
})();
