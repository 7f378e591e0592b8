// The scorecard: filters, and the evidence that a verdict opens to.
const SIGNS = { supported: "✓", refuted: "✗", inconclusive: "?" };
const HOLDS = {
  at_least: (value, threshold) => value >= threshold,
  above: (value, threshold) => value > threshold,
  at_most: (value, threshold) => value <= threshold,
  below: (value, threshold) => value < threshold,
};

// The rule of infoplane.statistics.verdict.
const verdictOf = (low, high, threshold, direction) => {
  if (Number.isNaN(low) || Number.isNaN(high)) return "inconclusive";
  const ends = [low, high].map((end) => HOLDS[direction](end, threshold));
  return ends.every(Boolean) ? "supported" : ends.some(Boolean) ? "inconclusive" : "refuted";
};

// The rule of infoplane.claims.sensitivity.finding_verdict, and of estimates that are blind.
const verdictAt = (row, threshold) => {
  const decided = row.details ?? {};
  if (row.blind) return "inconclusive";
  if ((decided.premises ?? []).some((premise) => premise.verdict !== "supported")) return "inconclusive";
  const all = [verdictOf(number(row.ci_low), number(row.ci_high), threshold, row.direction),
    ...(decided.conditions ?? []).map((condition) => condition.verdict)];
  return all.includes("refuted") ? "refuted" : all.every((one) => one === "supported") ? "supported" : "inconclusive";
};

// The values of single networks: a number each, or one for each layer.
const dotsOf = (row) => {
  const { values = [], initialisations = [] } = row.details ?? {};
  return values.flatMap((value, place) => [value].flat().map((one, layer) => ({
    network: initialisations[place] ?? place, column: layer + 1, value: one === null ? NaN : number(one) })));
};

const rangeOf = (row, dots) => {
  const known = [...dots.map((dot) => dot.value), ...["ci_low", "ci_high", "threshold", "holds_from", "holds_to"].map((key) => number(row[key]))]
    .filter(Number.isFinite);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const margin = (high - low || Math.abs(high) || 1) * 0.15;
  return [low - margin, high + margin];
};

const evidenceChart = (row, dots, range, threshold) => {
  const seen = dots.filter((dot) => Number.isFinite(dot.value));
  const [low, high, estimate] = ["ci_low", "ci_high", "estimate"].map((key) => number(row[key]));
  const several = seen.some((dot) => dot.column > 1);
  const places = { r: 3.5, fill: several ? "column" : "currentColor", fillOpacity: 0.55, channels: { network: "network" },
    tip: { format: { fill: several, fillOpacity: false } } };
  const dotMark = several
    ? Plot.dot(seen, { x: "value", y: (dot) => 0.3 + (0.55 * dot.column) / Math.max(...seen.map((one) => one.column)), ...places })
    : Plot.dot(seen, Plot.dodgeY({ x: "value", anchor: "bottom", padding: 0.5, ...places }));
  return chart(`${row.estimator} on ${row.condition}: estimate ${digits(estimate)}, interval ${digits(low)} to ${digits(high)}, threshold ${digits(threshold)}`, {
    width: widthOf(720, 56), height: 170, marginTop: 24, marginBottom: 28, marginLeft: 16, marginRight: 16,
    x: { domain: range, label: null },
    y: { domain: [0, 1], axis: null },
    color: { type: "ordinal", scheme: "viridis" },
    marks: [
      dotMark,
      Number.isFinite(low) && Number.isFinite(high)
        ? Plot.ruleY([0], { x1: low, x2: high, stroke: "var(--accent)", strokeWidth: 7, strokeOpacity: 0.5, dy: 5 }) : null,
      Number.isFinite(estimate) ? Plot.dot([estimate], { x: (it) => it, y: () => 0, dy: 5, r: 5, fill: "var(--accent)", stroke: "var(--back)" }) : null,
      Plot.ruleX([threshold], { stroke: "var(--refuted)", strokeDasharray: "5,3", strokeWidth: 2 }),
      Plot.text([threshold], { x: (it) => it, frameAnchor: "top", dy: -12, text: (it) => `threshold ${digits(it)}`, fill: "var(--refuted)" }),
    ],
  });
};

const thresholdPart = (row, dots, directions) => {
  const threshold = number(row.threshold), range = rangeOf(row, dots);
  const says = element("span", { class: "says", role: "status" });
  const holder = element("div", { class: "chart" });
  const slider = element("input", { type: "range", min: range[0], max: range[1], step: "any", "aria-label": "threshold" });
  const show = (at) => {
    const found = verdictAt(row, at);
    says.className = `says ${found}`;
    says.textContent = `${SIGNS[found]} ${found} if it must be ${directions[row.direction]} ${digits(at, 4)}`;
    holder.replaceChildren(evidenceChart(row, dots, range, at));
  };
  slider.step = (range[1] - range[0]) / 200;
  slider.value = threshold;
  slider.addEventListener("input", () => show(number(slider.value)));
  show(threshold);
  const [from, to] = [number(row.holds_from), number(row.holds_to)];
  const turns = !Number.isFinite(from) && !Number.isFinite(to)
    ? "The verdict does not turn, whatever the threshold."
    : `The verdict stays from ${digits(from)} to ${digits(to)}.`;
  return [holder,
    element("p", { class: "hint" }, "Dots are networks, the bar is the estimate with its interval, the dashed line the threshold."),
    element("div", { class: "turn" },
    element("label", {}, `Move the threshold. ${turns}`, slider),
    element("button", { type: "button", onclick: () => { slider.value = threshold; show(threshold); } }, "Back to the claim's"),
    says)];
};

const facts = (pairs) => element("dl", { class: "facts" }, ...pairs
  .filter(([, value]) => value !== "" && value !== undefined && value !== null)
  .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));

const evidencePart = (row, data) => {
  const numeric = !Number.isNaN(number(row.threshold)) && row.estimator !== "all";
  const dots = numeric ? dotsOf(row) : [];
  const beyond = dots.filter((dot) => !Number.isFinite(dot.value)).length;
  const diverged = row.details?.diverged?.length;
  const claim = data.claims[row.claim];
  const plane = data.planes.some(([run, estimator]) => run === row.condition && estimator === row.estimator);
  return element("div", { class: "evidence", role: "region", "aria-label": `Evidence: ${row.claim}, ${row.condition}, ${row.estimator}`, tabindex: "-1" },
    element("h4", {}, `${row.condition}, ${row.estimator}${row.reading ? `, read as ${row.reading}` : ""}: `,
      element("span", { class: row.verdict }, `${SIGNS[row.verdict]} ${row.verdict}`)),
    facts([
      ["Claim", `${row.statement} (${row.source})`],
      ["Measured", row.statistic],
      ["Must be", numeric ? `${data.directions[row.direction]} ${row.threshold}` : ""],
      ["Found", numeric ? `${row.estimate || "nothing"} [${row.ci_low}, ${row.ci_high}], ${row.inits} networks${diverged ? `, ${diverged} diverged left out` : ""}` : ""],
      ["Corrected", row.corrected_verdict ? `${SIGNS[row.corrected_verdict]} ${row.corrected_verdict}, q = ${row.q_value || "–"}, p = ${row.p_value || "–"}` : ""],
      ["Where nothing is", row.null],
      ["Does not hold", row.failed],
      ["⚠ Warning", row.warning],
      ["Protocol", row.protocol],
      ["Plane", plane ? element("a", { href: `#plane=${encodeURIComponent(row.condition)},${encodeURIComponent(row.estimator)}` }, "its information plane") : ""],
      ["Again", element("span", {}, ...again(claim.command, claim.cost))],
    ]),
    ...(numeric ? thresholdPart(row, dots, data.directions) : []),
    numeric && !dots.length ? element("p", { class: "hint" }, "claims.json has no values of single networks for this verdict.") : null,
    beyond ? element("p", { class: "hint" }, `${beyond} of ${dots.length} values are not finite, such as an epoch that is never reached, and not drawn.`) : null,
    dots.length ? dataOf("Values as a table", `${row.claim}_${row.condition}_${row.estimator}.csv`, ["network", "column", "value"],
      () => dots.map((dot) => [dot.network, dot.column, dot.value])) : null,
    ...figuresPart(claim.figures),
    ...claim.entry.map((part) => linesOf(part, data.code)),
    claim.code ? linesOf(claim.code, data.code) : null);
};

const openClaim = (article, open = true) => {
  article.querySelector(".opener").setAttribute("aria-expanded", open);
  article.querySelector(".conditions").hidden = !open;
};

const closeEvidence = (article) => {
  article.querySelectorAll(".evidence").forEach((part) => part.remove());
  article.querySelectorAll(".verdict[aria-expanded=true]").forEach((it) => it.setAttribute("aria-expanded", "false"));
};

const linkOf = (row) => `#claim=${["claim", "condition", "estimator", "reading"]
  .map((key) => encodeURIComponent(row[key])).join(",")}`.replace(/,$/, "");

const openEvidence = (button, data) => {
  const article = button.closest(".claim");
  closeEvidence(article);
  openClaim(article);
  button.setAttribute("aria-expanded", "true");
  const part = evidencePart(data.rows[Number(button.dataset.row)], data);
  button.closest(".condition").append(part);
  return part;
};

const applyFilters = () => {
  const wanted = Object.fromEntries(new FormData(byId("filters")));
  let shown = 0;
  for (const article of document.querySelectorAll(".claim")) {
    const counts = { supported: 0, refuted: 0, inconclusive: 0 };
    for (const button of article.querySelectorAll("button.verdict")) {
      const condition = button.closest(".condition").dataset.condition;
      const fits = (!wanted.side || article.dataset.side === wanted.side)
        && (!wanted.paper || article.dataset.papers.split(" ").includes(wanted.paper))
        && (!wanted.condition || condition === wanted.condition)
        && (!wanted.estimator || button.dataset.estimator === wanted.estimator)
        && (!wanted.verdict || button.dataset.verdict === wanted.verdict);
      button.parentElement.hidden = !fits;
      const square = article.querySelector(`[data-square="${button.dataset.row}"]`);
      if (square) square.hidden = !fits;
      if (fits && button.dataset.estimator !== "all") counts[button.dataset.verdict] += 1;
    }
    const kept = [...article.querySelectorAll(".verdict")].filter((it) => !it.parentElement.hidden).length;
    article.hidden = !kept;
    shown += kept;
    for (const condition of article.querySelectorAll(".condition")) {
      condition.hidden = !condition.querySelector("li:not([hidden])");
    }
    for (const group of article.querySelectorAll(".group")) group.hidden = !group.querySelector("i:not([hidden])");
    for (const count of article.querySelectorAll(".count")) {
      count.textContent = counts[count.dataset.verdict];
      count.parentElement.hidden = !counts[count.dataset.verdict];
    }
  }
  byId("shown").textContent = Object.values(wanted).some(Boolean) ? `${shown} verdicts fit.` : "";
};

const startScorecard = (evidence) => {
  byId("filters").addEventListener("change", applyFilters);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("open-all").addEventListener("click", (event) => {
    const open = event.target.textContent === "Open all";
    document.querySelectorAll(".claim").forEach((article) => openClaim(article, open));
    event.target.textContent = open ? "Close all" : "Open all";
  });
  byId("scorecard").addEventListener("click", async (event) => {
    const opener = event.target.closest(".opener"), button = event.target.closest("button.verdict");
    if (opener) {
      const article = opener.closest(".claim"), open = opener.getAttribute("aria-expanded") !== "true";
      openClaim(article, open);
      if (open) history.replaceState(null, "", `#claim=${encodeURIComponent(article.dataset.claim)}`);
    } else if (button) {
      if (button.getAttribute("aria-expanded") === "true") closeEvidence(button.closest(".claim"));
      else {
        const data = await evidence;
        openEvidence(button, data);
        history.replaceState(null, "", linkOf(data.rows[Number(button.dataset.row)]));
      }
    }
  });
  byId("save-claims").addEventListener("click", async () => {
    const { rows } = await evidence;
    const names = Object.keys(rows[0] ?? {}).filter((name) => !["details", "blind"].includes(name));
    saveCsv("claims.csv", names, rows.map((row) => names.map((name) => row[name])));
  });
};
