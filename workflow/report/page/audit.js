// The audit: what every estimator gets wrong where the truth is known.
const TOLERANCE_BITS = 0.1; // as of the warnings of claims.tsv
const ANY = "any";

const startAudit = ({ columns, data }) => {
  const rows = data.map((row) => {
    const one = Object.fromEntries(row.map((cell, place) => [columns[place], cell]));
    const error = one.refused ? NaN : Math.hypot(number(one.bias_bits), number(one.spread_bits));
    return { ...one, error, right: error <= TOLERANCE_BITS };
  });
  const values = (key) => [...new Set(rows.map((row) => row[key]))]
    .sort((one, other) => (Number(one) - Number(other)) || one.localeCompare(other));
  const fill = (id, key, chosen, any) => {
    const known = any ? [ANY, ...values(key)] : values(key);
    byId(id).replaceChildren(...known.map((value) => element("option", {}, value)));
    byId(id).value = known.includes(chosen) ? chosen : known.at(-1);
    byId(id).addEventListener("change", draw);
  };
  const cell = (row) => {
    if (!row) return element("td", {}, "");
    if (row.refused) return element("td", { class: "inconclusive", title: row.refused }, "refused");
    return element("td", { class: `number ${row.right ? "supported" : ""}` },
      `${inBits(number(row.bias_bits))} ± ${inBits(number(row.spread_bits))}${row.right ? " ✓" : ""}`);
  };
  function draw() {
    const fits = (row, key) => [row[key], ANY].includes(byId(`audit-${key}`).value);
    const here = rows.filter((row) => ["samples", "quantity", "dimension", "family"].every((key) => fits(row, key)));
    const tasks = [...new Map(here.map((row) => [row.task, row])).values()];
    const at = new Map(here.map((row) => [`${row.task} ${row.estimator}`, row]));
    const ranked = [...new Set(here.map((row) => row.estimator))].map((name) => {
      const own = here.filter((row) => row.estimator === name);
      return { name, right: own.filter((row) => row.right).length, of: own.length, worst: Math.max(...own.map((row) => row.error).filter(Number.isFinite)) };
    }).sort((one, other) => other.right / other.of - one.right / one.of || other.of - one.of || one.worst - other.worst);
    const trusted = ranked.filter((one) => one.right === one.of);
    byId("audit-says").textContent = here.length
      ? `${trusted.length} of ${ranked.length} estimators are right on all such data${trusted.length ? `: ${trusted.slice(0, 8).map((one) => one.name).join(", ")}${trusted.length > 8 ? " and others" : ""}.` : "."}`
      : "There are no such data in the audit.";
    byId("audit-table").replaceChildren(
      element("table", {}, element("caption", { class: "unseen" }, "Bias and spread in bits"),
        element("thead", {}, element("tr", {}, ...["estimator", "right on", "largest error"].map((text) => element("th", { scope: "col" }, text)),
          ...tasks.map((task) => element("th", { scope: "col", class: "number", title: `${task.family}, width ${task.dimension}` }, `${task.task}, ${inBits(number(task.truth_bits))} bits`)))),
        element("tbody", {}, ...ranked.map((one) => element("tr", {}, element("th", { scope: "row" }, one.name),
          element("td", { class: one.right === one.of ? "supported" : "" }, `${one.right} of ${one.of}`),
          element("td", { class: "number" }, inBits(one.worst)),
          ...tasks.map((task) => cell(at.get(`${task.task} ${one.name}`))))))));
  }
  byId("audit-save").addEventListener("click", () => saveCsv("audit.csv", columns, data));
  fill("audit-samples", "samples", "4096");
  fill("audit-quantity", "quantity", "input");
  fill("audit-dimension", "dimension", "3", true);
  fill("audit-family", "family", "saturated_layer", true);
  byId("audit-controls").addEventListener("submit", (event) => event.preventDefault());
  draw();
};
