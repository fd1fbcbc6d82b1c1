/** What the page's plain stores have in common: who follows them is told of each change. */

export type Listener = () => void;

export class Store {
  private readonly listeners = new Set<Listener>();
  private changes = 0;

  /** Returns how to stop following. */
  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Grows with every change. */
  readonly revision = (): number => this.changes;

  protected notify(): void {
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }
}
