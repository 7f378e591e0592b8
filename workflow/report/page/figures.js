// The drawings: each is decoded when it is opened.
const drawingOf = async (name, shows) => {
  const svg = await unpackedText(`drawing-${name}`);
  return element("img", { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`, alt: shows });
};
const figureOf = (name) => document.querySelector(`[data-figure="${CSS.escape(name)}"]`);
const titleOf = (name) => figureOf(name)?.querySelector("summary").textContent ?? name;

const startFigures = () => {
  for (const part of document.querySelectorAll("details.figure")) {
    const holder = part.querySelector(".drawing");
    if (!holder) continue;
    const name = part.dataset.figure;
    part.addEventListener("toggle", async () => {
      if (part.open && !holder.children.length) holder.replaceChildren(await drawingOf(name, titleOf(name)));
    });
    part.querySelector(".save-drawing").addEventListener("click", async () =>
      saveFile(`${name}.svg`, "image/svg+xml", await unpackedText(`drawing-${name}`)));
  }
};

// The drawing of a figure beside the evidence, and links to those that show the same networks.
const figuresPart = ({ named, alike }) => {
  const links = [...named, ...alike].map((name) => element("li", {},
    element("a", { href: `#figure=${encodeURIComponent(name)}` }, titleOf(name))));
  const [first] = named.filter((name) => byId(`drawing-${name}`));
  const shown = first ? element("details", {}, element("summary", {}, `The figure: ${titleOf(first)}`)) : null;
  shown?.addEventListener("toggle", async () => {
    if (shown.children.length === 1) shown.append(element("div", { class: "drawing" }, await drawingOf(first, titleOf(first))));
  });
  return [shown, links.length ? element("details", {}, element("summary", {}, "Figures of these networks"), element("ul", {}, ...links)) : null];
};
