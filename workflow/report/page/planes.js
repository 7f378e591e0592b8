// The information planes: two panels that share a slider over epochs.
const BITS = 1000; // thousandths of a bit
const LAYER_COLOURS = ["#4269d0", "#d1791b", "#ff725c", "#3a9d8c", "#3ca951", "#c774b2", "#a463f2", "#8a7a55", "#7f8a99"];
const FRAME_MILLISECONDS = 120;

const bits = (value) => (value === null || value === undefined ? NaN : value / BITS);
const layerName = (plane, place) => (place === plane.layers.length - 1 ? "output" : `T${plane.layers[place]}`);
const colourOf = (plane) => ({
  type: "categorical",
  domain: plane.layers.map((_, place) => layerName(plane, place)),
  range: plane.layers.map((_, place) => LAYER_COLOURS[place % LAYER_COLOURS.length]),
  legend: true,
});

// The last epoch of a plane that is not after the one asked for.
const placeOf = (plane, epoch) => Math.max(0, plane.epochs.findLastIndex((it) => it <= epoch));

const pointsOf = (plane) => plane.layers.flatMap((_, layer) => plane.epochs.map((epoch, at) => ({
  layer: layerName(plane, layer), epoch, at,
  x: bits(plane.mean[0][layer][at]), y: bits(plane.mean[1][layer][at]),
  xLow: bits(plane.low[0][layer][at]), xHigh: bits(plane.high[0][layer][at]),
  yLow: bits(plane.low[1][layer][at]), yHigh: bits(plane.high[1][layer][at]),
})));

const singlesOf = (plane) => plane.sample.flatMap(([inputs, labels], network) =>
  plane.layers.flatMap((_, layer) => plane.epochs.map((epoch, at) => ({
    layer: layerName(plane, layer), network, key: `${network} ${layer}`, epoch, at,
    x: bits(inputs[layer][at]), y: bits(labels[layer][at]) }))));

const planeChart = (plane, at, mode, domains) => {
  const points = mode === "single" ? singlesOf(plane) : pointsOf(plane);
  const past = points.filter((point) => point.at <= at), now = points.filter((point) => point.at === at);
  const path = { x: "x", y: "y", stroke: "layer", z: mode === "single" ? "key" : "layer" };
  return chart(`Information plane of ${plane.run} under ${plane.estimator} at epoch ${plane.epochs[at]}`, {
    width: widthOf(520, 32), height: 380, marginLeft: 48, marginBottom: 42, color: colourOf(plane),
    x: { domain: domains.x, label: "I(X;T), bits", labelAnchor: "center", labelArrow: "none" },
    y: { domain: domains.y, label: "I(T;Y), bits", labelArrow: "none", grid: true },
    marks: [
      plane.ceiling === null ? null : Plot.ruleX([plane.ceiling], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "3,3" }),
      Plot.line(past, { ...path, strokeOpacity: mode === "single" ? 0.25 : 0.7, strokeWidth: mode === "single" ? 1 : 2 }),
      mode === "single" ? null : Plot.ruleY(now, { y: "y", x1: "xLow", x2: "xHigh", stroke: "layer", strokeOpacity: 0.6 }),
      mode === "single" ? null : Plot.ruleX(now, { x: "x", y1: "yLow", y2: "yHigh", stroke: "layer", strokeOpacity: 0.6 }),
      Plot.dot(now, { x: "x", y: "y", fill: "layer", r: mode === "single" ? 4 : 6, stroke: "var(--back)",
        channels: { epoch: "epoch" }, tip: { format: { stroke: false } } }),
    ],
  });
};

const epochAxis = (domains) => ({
  ...(domains.linear ? {} : { type: "symlog", constant: 1, ticks: [0, 1, 10, 100, 1000, 10000].filter((it) => it <= domains.last), tickFormat: "d" }),
  domain: [0, domains.last], label: "epoch", labelAnchor: "center", labelArrow: "none",
});

const courseChart = (plane, at, mode, domains) => {
  const points = mode === "single" ? singlesOf(plane) : pointsOf(plane);
  return chart(`I(X;T) of ${plane.run} under ${plane.estimator} against epoch`, {
    width: widthOf(520, 32), height: 230, marginTop: 30, marginLeft: 48, marginBottom: 42, color: { ...colourOf(plane), legend: false },
    x: epochAxis(domains),
    y: { domain: domains.x, label: "I(X;T), bits", labelArrow: "none", grid: true },
    marks: [
      mode === "single" ? null : Plot.areaY(points, { x: "epoch", y1: "xLow", y2: "xHigh", fill: "layer", fillOpacity: 0.15 }),
      Plot.line(points, { x: "epoch", y: "x", stroke: "layer", z: mode === "single" ? "key" : "layer", strokeWidth: mode === "single" ? 1 : 2 }),
      Plot.ruleX([plane.epochs[at]], { stroke: "currentColor" }),
      Plot.tip(points, Plot.pointer({ x: "epoch", y: "x", stroke: "layer", channels: { epoch: "epoch" }, format: { z: false } })),
    ],
  });
};

const LEARNING = {
  train_accuracy: ["accuracy, training", "#4269d0"], test_accuracy: ["accuracy, test", "#d1791b"],
  train_loss: ["loss, training", "#3a9d8c"], test_loss: ["loss, test", "#c774b2"],
};
const learningOf = (course) => Object.entries(LEARNING).flatMap(([key, [name]]) =>
  course.epochs.map((epoch, at) => ({ curve: name, epoch, value: bits(course[key][at]) })));

const learningChart = (plane, course, at, domains) => chart(`Loss and accuracy of ${plane.run} against epoch`, {
  width: widthOf(520, 32), height: 230, marginLeft: 48, marginBottom: 42,
  color: { domain: Object.values(LEARNING).map(([name]) => name), range: Object.values(LEARNING).map(([, colour]) => colour), legend: true },
  x: epochAxis(domains),
  y: { domain: [0, Math.max(1, ...learningOf(course).map((it) => it.value).filter(Number.isFinite))], label: "mean", labelArrow: "none", grid: true },
  marks: [
    Plot.line(learningOf(course), { x: "epoch", y: "value", stroke: "curve", strokeWidth: 1.75 }),
    Plot.ruleX([plane.epochs[at]], { stroke: "currentColor" }),
    Plot.tip(learningOf(course), Plot.pointer({ x: "epoch", y: "value", stroke: "curve" })),
  ],
});

const readout = (plane, at) => {
  const span = (low, high) => `${inBits(bits(low))} to ${inBits(bits(high))}`;
  const rows = plane.layers.map((_, layer) => [layerName(plane, layer),
    inBits(bits(plane.mean[0][layer][at])), span(plane.low[0][layer][at], plane.high[0][layer][at]),
    inBits(bits(plane.mean[1][layer][at])), span(plane.low[1][layer][at], plane.high[1][layer][at])]);
  const shown = table(["layer", "I(X;T)", "5 % to 95 %", "I(T;Y)", "5 % to 95 %"], rows,
    `${plane.run} under ${plane.estimator} at epoch ${plane.epochs[at]}, bits`);
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Values at this epoch" }, shown);
};

const largest = (plane, axis) => Math.max(...[...plane.high[axis], ...plane.sample.flatMap((one) => one[axis])].flat().filter((it) => it !== null)) / BITS;

const startPlanes = (planes, courses) => {
  const runs = [...new Set(planes.map((plane) => plane.run))];
  const state = { panels: [], epoch: Infinity, timer: null };
  const find = (run, estimator) => planes.find((plane) => plane.run === run && plane.estimator === estimator);
  const first = find("szt_tanh", "binned_30") ?? planes[0];
  const second = find(first.run, "kde_0.1_upper") ?? planes.find((plane) => plane !== first) ?? first;

  const domainsOf = (plane) => {
    const among = byId("same-axes").checked ? state.panels.map((panel) => panel.plane) : [plane];
    const last = Math.max(...among.map((one) => one.epochs.at(-1)));
    return { x: [0, Math.max(...among.map((one) => Math.max(largest(one, 0), one.ceiling ?? 0))) * 1.02],
      y: [0, Math.max(...among.map((one) => largest(one, 1))) * 1.05], last, linear: last < 20 };
  };

  const draw = (link = true) => {
    const epochs = state.panels[0].plane.epochs, place = placeOf(state.panels[0].plane, state.epoch), epoch = epochs[place];
    byId("epoch").max = epochs.length - 1;
    byId("epoch").value = place;
    byId("epoch").setAttribute("aria-valuetext", `epoch ${epoch}`);
    byId("epoch-shown").textContent = epoch;
    for (const panel of state.panels) {
      const { plane } = panel, at = placeOf(plane, epoch), mode = byId("mode").value, domains = domainsOf(plane);
      const course = courses[plane.run];
      panel.charts.replaceChildren(planeChart(plane, at, mode, domains), courseChart(plane, at, mode, domains),
        ...(course ? [learningChart(plane, course, at, domains)] : []), readout(plane, at));
      panel.note.textContent = `${plane.networks} networks${plane.diverged ? `, ${plane.diverged} diverged left out` : ""}, epoch ${plane.epochs[at]}`;
    }
    if (link) {
      const names = state.panels.map(({ plane }) => `${plane.run},${plane.estimator}`).join(",");
      history.replaceState(null, "", `#plane=${names},epoch=${epoch}`);
    }
  };

  const choose = (panel, run, estimator, link = true) => {
    const there = planes.filter((plane) => plane.run === run);
    panel.plane = there.find((plane) => plane.estimator === estimator) ?? there[0];
    panel.estimators.replaceChildren(...there.map((plane) => element("option", {}, plane.estimator)));
    panel.runs.value = run;
    panel.estimators.value = panel.plane.estimator;
    panel.data.replaceChildren(dataOf("Means and bands as a table", `plane_${panel.plane.run}_${panel.plane.estimator}.csv`,
      ["layer", "epoch", "mi_input_bits", "mi_input_low", "mi_input_high", "mi_label_bits", "mi_label_low", "mi_label_high"],
      () => pointsOf(panel.plane).map((it) => [it.layer, it.epoch, it.x, it.xLow, it.xHigh, it.y, it.yLow, it.yHigh])));
    if (courses[run]) panel.data.append(dataOf("Loss and accuracy as a table", `learning_${run}.csv`, ["curve", "epoch", "mean"],
      () => learningOf(courses[run]).map((it) => [it.curve, it.epoch, it.value])));
    if (link) draw();
  };

  const addPanel = (side) => {
    const panel = { runs: element("select", { "aria-label": `${side} run` }, ...runs.map((run) => element("option", {}, run))),
      estimators: element("select", { "aria-label": `${side} estimator` }), charts: element("div", { class: "chart" }),
      note: element("p", { class: "hint" }), data: element("div") };
    panel.runs.addEventListener("change", () => choose(panel, panel.runs.value, panel.plane.estimator));
    panel.estimators.addEventListener("change", () => choose(panel, panel.runs.value, panel.estimators.value));
    byId("plane-panels").append(element("div", { class: "panel" },
      element("div", { class: "filters" }, element("label", {}, "Run", panel.runs), element("label", {}, "Estimator", panel.estimators)),
      panel.charts, panel.note, panel.data));
    state.panels.push(panel);
    return panel;
  };
  choose(addPanel("left"), first.run, first.estimator, false);
  choose(addPanel("right"), second.run, second.estimator, false);

  const play = (on) => {
    clearInterval(state.timer);
    state.timer = null;
    byId("play").setAttribute("aria-pressed", on);
    byId("play").textContent = on ? "❚❚ Pause" : "▶ Play";
    if (!on) return draw();
    const epochs = state.panels[0].plane.epochs;
    let place = placeOf(state.panels[0].plane, state.epoch);
    if (place >= epochs.length - 1) place = -1;
    state.timer = setInterval(() => {
      place += 1;
      state.epoch = epochs[place];
      draw(false);
      if (place >= epochs.length - 1) play(false);
    }, FRAME_MILLISECONDS);
  };
  byId("play").addEventListener("click", () => play(state.timer === null));
  byId("epoch").addEventListener("input", () => {
    if (state.timer !== null) play(false);
    state.epoch = state.panels[0].plane.epochs[Number(byId("epoch").value)];
    draw();
  });
  for (const id of ["mode", "same-axes"]) byId(id).addEventListener("change", () => draw());
  byId("plane-controls").addEventListener("submit", (event) => event.preventDefault());
  draw(false);

  // run,estimator[,run,estimator][,epoch=N]
  return (names, epoch) => {
    if (Number.isFinite(epoch)) state.epoch = epoch;
    state.panels.forEach((panel, place) => {
      const [run, estimator] = names.slice(2 * place, 2 * place + 2);
      if (run !== undefined && runs.includes(run)) choose(panel, run, estimator, false);
    });
    draw(false);
  };
};
