// Start everything, and follow #claim=C09, #claim=C09,condition,estimator,reading, #figure=szt_2
// and #plane=run,estimator,epoch=400.
const evidenceData = unpacked("evidence-data");
startScorecard(evidenceData);
startFigures();

// The planes cost more than the verdicts, so the verdicts are on the screen first.
// A page in the background paints nothing, and does not wait for it.
const afterPaint = new Promise((done) => {
  requestAnimationFrame(() => setTimeout(done));
  setTimeout(done, 300);
});
const showPlane = afterPaint.then(() => unpacked("plane-data"))
  .then(({ planes, courses, signals }) => (planes.length ? startPlanes(planes, courses, signals) : null));
afterPaint.then(() => unpacked("audit-data")).then((audit) => (audit.data ? startAudit(audit) : null));

// A link that someone typed may hold a sign that encodes nothing.
const readable = (part) => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

const follow = async () => {
  const [kind, rest = ""] = location.hash.slice(1).split(/=(.*)/s);
  const parts = rest.split(",").map(readable);
  if (kind === "claim") {
    const article = document.querySelector(`.claim[data-claim="${CSS.escape(parts[0])}"]`);
    if (!article) return;
    openClaim(article);
    const button = [...article.querySelectorAll("button.verdict")].find((it) =>
      it.closest(".condition").dataset.condition === parts[1] && it.dataset.estimator === parts[2]
      && (parts[3] === undefined || it.dataset.reading === parts[3]));
    const target = button ? openEvidence(button, await evidenceData) : article;
    target.scrollIntoView({ block: "start" });
    (button ?? article.querySelector(".opener")).focus({ preventScroll: true });
  } else if (kind === "plane") {
    const epoch = parts.find((part) => part.startsWith("epoch="));
    (await showPlane)?.(parts.filter((part) => part !== epoch), epoch === undefined ? NaN : Number(epoch.slice(6)));
    byId("planes").scrollIntoView({ block: "start" });
  } else if (kind === "figure") {
    const figure = figureOf(parts[0]);
    if (!figure) return;
    figure.open = true;
    figure.scrollIntoView({ block: "start" });
    figure.querySelector("summary").focus({ preventScroll: true });
  }
};
// Paper opens no details.
addEventListener("beforeprint", () => document.querySelectorAll("#method details").forEach((it) => { it.open = true; }));
addEventListener("hashchange", follow);
follow();
