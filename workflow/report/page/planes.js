// The information planes: panels side by side that share a slider over epochs.
const BITS = 1000; // thousandths of a bit
const LAYER_COLOURS = ["#4269d0", "#d1791b", "#ff725c", "#3a9d8c", "#3ca951", "#c774b2", "#a463f2", "#8a7a55", "#7f8a99"];
const FRAME_MILLISECONDS = 120;
const MOST_PANELS = 4;
const DEFINITIONS = { szt_first: "SZT, first version", szt_second: "SZT, second version", szt_latest: "SZT, latest version", saxe_sample: "SAXE, over samples", saxe_batch: "SAXE, over mini-batches" };

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
const layersOf = (plane, hidden) => plane.layers.map((_, place) => layerName(plane, place)).filter((name) => !hidden.has(name));

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

const shownOf = (plane, { mode, hidden }) =>
  (mode === "single" ? singlesOf(plane) : pointsOf(plane)).filter((point) => !hidden.has(point.layer));

const planeChart = (plane, at, view, domains) => {
  const { mode } = view, points = shownOf(plane, view);
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
      Plot.dot(now.filter((point) => point.layer === view.layer), { x: "x", y: "y", r: 10, stroke: "currentColor", strokeWidth: 2 }),
    ],
  });
};

const epochAxis = (domains) => ({
  ...(domains.linear ? {} : { type: "symlog", constant: 1, ticks: [0, 1, 10, 100, 1000, 10000].filter((it) => it <= domains.last), tickFormat: "d" }),
  domain: [0, domains.last], label: "epoch", labelAnchor: "center", labelArrow: "none",
});

const courseChart = (plane, at, view, domains) => {
  const { mode } = view, points = shownOf(plane, view);
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

const signalOf = (plane, signal, definition, hidden) => (signal?.snr[definition] ?? []).flatMap((curve, place) => {
  const layer = signal.layers[place] === plane.layers.at(-1) ? "output" : `T${signal.layers[place]}`;
  return hidden.has(layer) ? [] : curve.map((value, at) => ({ layer, epoch: signal.epochs[at], value: value > 0 ? value : NaN }));
});

const signalChart = (plane, signal, at, view, domains) => {
  const points = signalOf(plane, signal, view.definition, view.hidden);
  return chart(`Signal-to-noise ratio of the gradients of ${plane.run} against epoch`, {
    width: widthOf(520, 32), height: 230, marginTop: 30, marginLeft: 56, marginBottom: 42, color: { ...colourOf(plane), legend: false },
    x: epochAxis(domains),
    y: { type: "log", label: `gradients' SNR, median (${DEFINITIONS[view.definition] ?? view.definition})`, labelArrow: "none", grid: true, ticks: 5, tickFormat: "~g" },
    marks: [
      Plot.ruleY([1], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "3,3" }),
      Plot.line(points, { x: "epoch", y: "value", stroke: "layer", strokeWidth: 1.75 }),
      Plot.ruleX([plane.epochs[at]], { stroke: "currentColor" }),
      Plot.tip(points, Plot.pointer({ x: "epoch", y: "value", stroke: "layer" })),
    ],
  });
};

// What a layer is at the epoch, in words.
const sayLayer = (plane, signal, at, { layer, definition }) => {
  const place = plane.layers.findIndex((_, one) => layerName(plane, one) === layer);
  if (place < 0) return "";
  const epoch = plane.epochs[at];
  const noise = signal && placeOf(signal, epoch), own = signal?.layers.indexOf(plane.layers[place]);
  const snr = signal?.snr[definition]?.[own]?.[noise];
  return `${layer} at epoch ${epoch}: I(X;T) ${inBits(bits(plane.mean[0][place][at]))} bits, I(T;Y) ${inBits(bits(plane.mean[1][place][at]))} bits${snr ? `, gradients' SNR ${digits(snr)}` : ""}.`;
};

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

const startPlanes = (planes, courses, signals) => {
  const runs = [...new Set(planes.map((plane) => plane.run))];
  const state = { panels: [], epoch: Infinity, timer: null, layer: "", hidden: new Set() };
  const find = (run, estimator) => planes.find((plane) => plane.run === run && plane.estimator === estimator);
  const first = find("szt_tanh", "binned_30") ?? planes[0];
  const second = find(first.run, "kde_0.1_upper") ?? planes.find((plane) => plane !== first) ?? first;

  const definitions = [...new Set(Object.values(signals).flatMap(({ snr }) => Object.keys(snr)))];
  byId("definition").replaceChildren(...definitions.map((name) => element("option", { value: name }, DEFINITIONS[name] ?? name)));
  byId("definition").parentElement.hidden = !definitions.length;

  const domainsOf = (plane) => {
    const among = byId("same-axes").checked ? state.panels.map((panel) => panel.plane) : [plane];
    const last = Math.max(...among.map((one) => one.epochs.at(-1)));
    return { x: [0, Math.max(...among.map((one) => Math.max(largest(one, 0), one.ceiling ?? 0))) * 1.02],
      y: [0, Math.max(...among.map((one) => largest(one, 1))) * 1.05], last, linear: last < 20 };
  };
  const view = () => ({ mode: byId("mode").value, definition: byId("definition").value, hidden: state.hidden, layer: state.layer });

  const offerLayers = () => {
    const names = [...new Set(state.panels.flatMap(({ plane }) => layersOf(plane, new Set())))]
      .sort((one, other) => (one === "output") - (other === "output") || one.localeCompare(other, "en", { numeric: true }));
    byId("layers").replaceChildren(byId("layers").querySelector("legend"), ...names.map((name) => element("label", { class: "tick" },
      element("input", { type: "checkbox", value: name, checked: !state.hidden.has(name) }), name)));
  };

  const draw = (link = true) => {
    const epochs = state.panels[0].plane.epochs, place = placeOf(state.panels[0].plane, state.epoch), epoch = epochs[place];
    byId("epoch").max = epochs.length - 1;
    byId("epoch").value = place;
    byId("epoch").setAttribute("aria-valuetext", `epoch ${epoch}`);
    byId("epoch-shown").textContent = epoch;
    for (const panel of state.panels) {
      const { plane } = panel, at = placeOf(plane, epoch), domains = domainsOf(plane), now = view();
      const course = courses[plane.run], signal = signals[plane.run];
      panel.charts.replaceChildren(planeChart(plane, at, now, domains), courseChart(plane, at, now, domains),
        ...(course ? [learningChart(plane, course, at, domains)] : []),
        definitions.length ? (signal ? signalChart(plane, signal, at, now, domains) : element("p", { class: "hint" }, "The gradients of this run are not measured.")) : "",
        readout(plane, at));
      panel.charts.setAttribute("aria-label", `Charts of ${plane.run} under ${plane.estimator}`);
      panel.note.textContent = `${plane.networks} networks${plane.diverged ? `, ${plane.diverged} diverged left out` : ""}, epoch ${plane.epochs[at]}`;
      panel.said.textContent = sayLayer(plane, signal, at, now);
    }
    byId("add-panel").hidden = state.panels.length >= MOST_PANELS;
    for (const panel of state.panels) panel.remove.hidden = state.panels.length < 2;
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
    panel.data.append(dataOf("Single networks as a table", `networks_${panel.plane.run}_${panel.plane.estimator}.csv`,
      ["network", "layer", "epoch", "mi_input_bits", "mi_label_bits"],
      () => singlesOf(panel.plane).map((it) => [it.network, it.layer, it.epoch, it.x, it.y])));
    if (courses[run]) panel.data.append(dataOf("Loss and accuracy as a table", `learning_${run}.csv`, ["curve", "epoch", "mean"],
      () => learningOf(courses[run]).map((it) => [it.curve, it.epoch, it.value])));
    if (signals[run]) panel.data.append(dataOf("Gradients' SNR as a table", `snr_${run}.csv`, ["definition", "layer", "epoch", "median_snr"],
      () => definitions.flatMap((name) => signalOf(panel.plane, signals[run], name, new Set()).map((it) => [name, it.layer, it.epoch, it.value]))));
    offerLayers();
    if (link) draw();
  };

  const step = (by) => {
    const { plane } = state.panels[0], place = placeOf(plane, state.epoch) + by;
    state.epoch = plane.epochs[Math.max(0, Math.min(plane.epochs.length - 1, place))];
  };
  const nextLayer = (plane, by) => {
    const names = layersOf(plane, state.hidden), place = names.indexOf(state.layer);
    state.layer = names[(place < 0 ? (by > 0 ? 0 : names.length - 1) : place + by + names.length) % names.length] ?? "";
  };

  const addPanel = () => {
    const place = state.panels.length + 1;
    const panel = { runs: element("select", { "aria-label": `Run of plane ${place}` }, ...runs.map((run) => element("option", {}, run))),
      estimators: element("select", { "aria-label": `Estimator of plane ${place}` }),
      charts: element("div", { class: "chart", tabindex: "0", role: "group" }), note: element("p", { class: "hint" }),
      said: element("p", { class: "says", role: "status" }), data: element("div"),
      remove: element("button", { type: "button", "aria-label": `Take plane ${place} away` }, "✕") };
    panel.runs.addEventListener("change", () => choose(panel, panel.runs.value, panel.plane.estimator));
    panel.estimators.addEventListener("change", () => choose(panel, panel.runs.value, panel.estimators.value));
    panel.charts.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => nextLayer(panel.plane, -1), ArrowDown: () => nextLayer(panel.plane, 1) };
      if (!moves[event.key] || event.target !== panel.charts) return;
      event.preventDefault();
      moves[event.key]();
      draw();
    });
    const holder = element("div", { class: "panel" },
      element("div", { class: "filters" }, element("label", {}, "Run", panel.runs), element("label", {}, "Estimator", panel.estimators), panel.remove),
      panel.said, panel.charts, panel.note, panel.data);
    panel.remove.addEventListener("click", () => {
      state.panels.splice(state.panels.indexOf(panel), 1);
      holder.remove();
      offerLayers();
      draw();
      byId("add-panel").focus();
    });
    byId("plane-panels").append(holder);
    state.panels.push(panel);
    return panel;
  };
  choose(addPanel(), first.run, first.estimator, false);
  choose(addPanel(), second.run, second.estimator, false);

  const play = (on) => {
    clearInterval(state.timer);
    state.timer = null;
    byId("play").setAttribute("aria-pressed", on);
    byId("play").textContent = on ? "❚❚ Pause" : "▶ Play";
    if (!on) return draw();
    const { plane } = state.panels[0];
    if (placeOf(plane, state.epoch) >= plane.epochs.length - 1) state.epoch = plane.epochs[0];
    state.timer = setInterval(() => {
      step(1);
      draw(false);
      if (state.epoch >= state.panels[0].plane.epochs.at(-1)) play(false);
    }, FRAME_MILLISECONDS);
  };
  byId("play").addEventListener("click", () => play(state.timer === null));
  byId("epoch").addEventListener("input", () => {
    if (state.timer !== null) play(false);
    state.epoch = state.panels[0].plane.epochs[Number(byId("epoch").value)];
    draw();
  });
  for (const id of ["mode", "same-axes", "definition"]) byId(id).addEventListener("change", () => draw());
  byId("layers").addEventListener("change", (event) => {
    state.hidden[event.target.checked ? "delete" : "add"](event.target.value);
    draw();
  });
  byId("add-panel").addEventListener("click", () => {
    const { plane } = state.panels.at(-1);
    choose(addPanel(), plane.run, plane.estimator);
  });
  byId("plane-controls").addEventListener("submit", (event) => event.preventDefault());
  draw(false);

  // run,estimator[,run,estimator][,epoch=N]
  return (names, epoch) => {
    if (Number.isFinite(epoch)) state.epoch = epoch;
    const wanted = Math.min(MOST_PANELS, Math.floor(names.length / 2));
    while (state.panels.length < wanted) choose(addPanel(), first.run, first.estimator, false);
    state.panels.forEach((panel, place) => {
      const [run, estimator] = names.slice(2 * place, 2 * place + 2);
      if (run !== undefined && runs.includes(run)) choose(panel, run, estimator, false);
    });
    draw(false);
  };
};
