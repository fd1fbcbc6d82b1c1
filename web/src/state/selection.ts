/** Which drones are selected; a plain store that components and the map both follow. */

import { Store } from "./store";

export class Selection extends Store {
  private ids: readonly string[] = [];

  /** Selected drones, the one selected last at the end. */
  get drones(): readonly string[] {
    return this.ids;
  }

  /** The drone whose panel is open. */
  get primary(): string | undefined {
    return this.ids.at(-1);
  }

  set(ids: readonly string[]): void {
    this.ids = ids;
    this.notify();
  }

  toggle(id: string): void {
    this.set(this.ids.includes(id) ? this.ids.filter((each) => each !== id) : [...this.ids, id]);
  }

  clear(): void {
    if (this.ids.length > 0) this.set([]);
  }

  readonly snapshot = (): readonly string[] => this.ids;
}
