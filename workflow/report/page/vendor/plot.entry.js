// What the page draws with, of Observable Plot. See README.md for the command that bundles it.
export {
  areaY, dodgeY, dot, dotX, line, link, plot, pointer, ruleX, ruleY, text, tip,
} from "@observablehq/plot";
