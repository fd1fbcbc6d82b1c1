/** Buttons among MapLibre's own. */

import type { IControl } from "maplibre-gl";

export class ButtonControl implements IControl {
  private readonly group = document.createElement("div");

  constructor(label: string, className: string, pressed: () => void) {
    this.group.className = "maplibregl-ctrl maplibregl-ctrl-group";
    const button = this.group.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = className;
    button.title = label;
    button.setAttribute("aria-label", label);
    const icon = button.appendChild(document.createElement("span"));
    icon.className = "maplibregl-ctrl-icon";
    icon.setAttribute("aria-hidden", "true");
    button.addEventListener("click", pressed);
  }

  onAdd(): HTMLElement {
    return this.group;
  }

  onRemove(): void {
    this.group.remove();
  }
}

/** A button that lets the user choose a file. */
export function fileButton(
  label: string,
  className: string,
  accept: string,
  chosen: (file: File) => void,
): ButtonControl {
  return new ButtonControl(label, className, () => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = accept;
    input.addEventListener("change", () => {
      const [file] = input.files ?? [];
      if (file !== undefined) chosen(file);
    });
    input.click();
  });
}
