/** Which drones are selected; a plain store that components and the map both follow. */

type Listener = () => void;

export class Selection {
  private ids: readonly string[] = [];
  private readonly listeners = new Set<Listener>();

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
    for (const listener of this.listeners) listener();
  }

  toggle(id: string): void {
    this.set(this.ids.includes(id) ? this.ids.filter((each) => each !== id) : [...this.ids, id]);
  }

  clear(): void {
    if (this.ids.length > 0) this.set([]);
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): readonly string[] => this.ids;
}
