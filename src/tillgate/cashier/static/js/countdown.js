/**
 * The time that is left to pay. It counts by a clock that only runs forward and is set right by every answer of the
 * server; it decides nothing about the order: at zero it asks the server what became of it.
 */

const SPOKEN_AT_S = [60, 10];

export class Countdown {
  /** @param {{show: (text: string, seconds: number) => void, speak: (seconds: number) => void, end: () => void}} to */
  constructor(to) {
    this.to = to;
    this.endsAt = 0;
    this.timer = 0;
    this.last = -1;
  }

  /** @param {number} seconds */
  set(seconds) {
    this.stop();
    this.endsAt = performance.now() + seconds * 1000;
    this.last = -1;
    this.tick();
    this.timer = window.setInterval(() => this.tick(), 250);
  }

  stop() {
    window.clearInterval(this.timer);
  }

  /** Shows the time again, on a screen that was just drawn. */
  repeat() {
    if (this.last >= 0) this.to.show(minutes(this.last), this.last);
  }

  tick() {
    const left = Math.max(0, Math.ceil((this.endsAt - performance.now()) / 1000));
    if (left === this.last) return;
    const before = this.last;
    this.last = left;
    this.to.show(minutes(left), left);
    if (before > left && SPOKEN_AT_S.includes(left)) this.to.speak(left);
    if (left === 0) {
      this.stop();
      this.to.end();
    }
  }
}

/** @param {number} seconds */
export const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
