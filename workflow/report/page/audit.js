// The audit: what every estimator gets wrong where the truth is known.
const TOLERANCE_BITS = 0.1; // as of the warnings of claims.tsv

const startAudit = ({ columns, data }) => {
  const rows = data.map((row) => Object.fromEntries(row.map((cell, place) => [columns[place], cell])));
  const values = (key) => [...new Set(rows.map((row) => row[key]))];
  const fill = (id, key, chosen) => {
    byId(id).replaceChildren(...values(key).map((value) => element("option", {}, value)));
    byId(id).value = values(key).includes(chosen) ? chosen : values(key)[0];
    byId(id).addEventListener("change", draw);
  };
  const cell = (row) => {
    if (!row) return element("td", {}, "");
    if (row.refused) return element("td", { class: "inconclusive", title: row.refused }, "refused");
    const [bias, spread] = [number(row.bias_bits), number(row.spread_bits)];
    const right = Math.hypot(bias, spread) <= TOLERANCE_BITS;
    return element("td", { class: `number ${right ? "supported" : ""}` }, `${inBits(bias)} ± ${inBits(spread)}${right ? " ✓" : ""}`);
  };
  function draw() {
    const here = rows.filter((row) => row.samples === byId("audit-samples").value
      && row.quantity === byId("audit-quantity").value && row.family === byId("audit-family").value);
    const tasks = [...new Map(here.map((row) => [row.task, row])).values()];
    const estimators = [...new Set(here.map((row) => row.estimator))];
    const at = new Map(here.map((row) => [`${row.task} ${row.estimator}`, row]));
    byId("audit-table").replaceChildren(
      element("table", {}, element("caption", { class: "unseen" }, "Bias and spread in bits"),
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "estimator"),
          ...tasks.map((task) => element("th", { scope: "col", class: "number" }, `${task.task} (width ${task.dimension})`)))),
        element("tbody", {}, ...estimators.map((name) => element("tr", {}, element("th", { scope: "row" }, name),
          ...tasks.map((task) => cell(at.get(`${task.task} ${name}`))))))),
      element("button", { type: "button", onclick: () => saveCsv("audit.csv", columns, data) }, "Save all as CSV"));
  }
  fill("audit-samples", "samples", "4096");
  fill("audit-quantity", "quantity", "input");
  fill("audit-family", "family", "saturated_layer");
  byId("audit-controls").addEventListener("submit", (event) => event.preventDefault());
  draw();
};
