// What every part of the page uses: data, elements, numbers, tables.
const unpackedText = async (id) => {
  const letters = document.getElementById(id).textContent.trim();
  const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};
const unpacked = async (id) => JSON.parse(await unpackedText(id));

// Text becomes text, never HTML.
const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
};

const byId = (id) => document.getElementById(id);
const number = (text) =>
  text === null || text === undefined || text === "" ? NaN
  : text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
const digits = (value, count = 3) => {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  const size = Math.abs(value);
  const text = size >= 10 ** count ? String(Math.round(value)) : String(Number(value.toPrecision(count)));
  return text.replace("-", "−");
};
// Bits, as fine as anyone can use; what rounds to nothing has no sign.
const inBits = (value, places = 2) =>
  Number.isFinite(value) ? (Math.abs(value) < 0.5 * 10 ** -places ? 0 : value).toFixed(places).replace("-", "−") : "–";

const table = (head, rows, caption) =>
  element("table", {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {},
      ...row.map((cell, place) => place
        ? element("td", { class: typeof cell === "number" || /^[−\d]/.test(cell) ? "number" : undefined },
          typeof cell === "number" ? digits(cell, 4) : String(cell))
        : element("th", { scope: "row" }, String(cell)))))));

const saveFile = (name, kind, text) => {
  const address = URL.createObjectURL(new Blob([text], { type: kind }));
  element("a", { href: address, download: name.replaceAll(/[^\w.-]+/g, "_") }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};
const saveCsv = (name, head, rows) => {
  const cell = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
  saveFile(name, "text/csv", [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n");
};

// A command, ready to copy; where the browser has no clipboard for us it is selected instead.
const copied = async (button) => {
  const command = button.parentElement.querySelector(".command");
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(command);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
};
const again = (command, cost) => [element("code", { class: "command" }, command), " ",
  element("button", { type: "button", class: "copy" }, "Copy"), cost ? element("span", { class: "hint" }, ` Cost: ${cost}`) : ""];
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button.copy");
  if (button) copied(button);
});

// Lines of a file, to read here; and where the repository is on the web, to read there.
const linesOf = (part, code) => element("details", { class: "lines" },
  element("summary", {}, element("code", {}, part.file), `, lines ${part.first} to ${part.last}`),
  code ? element("a", { href: `${code}/${part.file}#L${part.first}-L${part.last}` }, "in the repository") : null,
  element("pre", { tabindex: "0" }, part.text));

const dataOf = (caption, name, head, rows) => {
  const holder = element("details", {}, element("summary", {}, caption));
  holder.addEventListener("toggle", () => {
    if (holder.children.length > 1) return;
    const all = rows();
    holder.append(
      element("button", { type: "button", onclick: () => saveCsv(name, head, all) }, "Save as CSV"),
      element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption }, table(head, all, caption)));
  });
  return holder;
};

// On a phone a chart is drawn narrow, so that its text stays legible.
const widthOf = (most, beside) => Math.max(260, Math.min(most, document.documentElement.clientWidth - beside));

const chart = (label, options) => {
  const drawn = Plot.plot({ style: { background: "transparent", fontSize: "12px" }, ariaLabel: label, ...options });
  // The chart has one name; those of its marks, such as "dot", would only be in the way.
  drawn.querySelectorAll("g[aria-label]").forEach((mark) => mark.removeAttribute("aria-label"));
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", label);
  return drawn;
};
