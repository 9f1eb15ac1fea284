/** Sleeps until a time has passed or somebody rings. A ring while nobody sleeps ends the next sleep at once. */
export class Alarm {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    if (this.#wake === null) this.#rung = true;
    else this.#wake();
  }

  async sleep(milliseconds: number): Promise<void> {
    if (this.#rung) {
      this.#rung = false;
      return;
    }
    await new Promise<void>((done) => {
      const timer = setTimeout(() => {
        this.#wake?.();
      }, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        done();
      };
    });
  }
}
