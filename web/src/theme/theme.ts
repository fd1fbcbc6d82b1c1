/** Light, dark or as the system is set; written to the page's root, where the tokens follow it. */

import { Store } from "../state/store";

export type ThemeChoice = "auto" | "light" | "dark";

const CHOICES: readonly ThemeChoice[] = ["auto", "light", "dark"];
const KEY = "aerostream.theme";

export class Theme extends Store {
  private choice: ThemeChoice;
  private readonly system: MediaQueryList;

  constructor() {
    super();
    this.system = window.matchMedia("(prefers-color-scheme: dark)");
    this.choice = CHOICES.find((each) => each === localStorage.getItem(KEY)) ?? "auto";
    this.apply();
  }

  get chosen(): ThemeChoice {
    return this.choice;
  }

  /** What is shown. */
  get scheme(): "light" | "dark" {
    if (this.choice !== "auto") return this.choice;
    return this.system.matches ? "dark" : "light";
  }

  /** The next choice: as the system, light, dark. */
  next(): void {
    this.choice = CHOICES[(CHOICES.indexOf(this.choice) + 1) % CHOICES.length] as ThemeChoice;
    localStorage.setItem(KEY, this.choice);
    this.apply();
  }

  /** Follow the system. Returns how to stop. */
  start(): () => void {
    const follow = () => this.apply();
    this.system.addEventListener("change", follow);
    return () => this.system.removeEventListener("change", follow);
  }

  /** A token's colour as it is now, such as `token("--warning")`; for canvases and the map. */
  token(name: `--${string}`): string {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.scheme;
    this.notify();
  }
}
