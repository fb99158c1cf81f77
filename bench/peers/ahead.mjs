// Stages of a pipeline in one event loop: each works ahead of the one that takes from it.

/** Iterates over `items`, which are produced up to `depth` ahead of whoever takes them. */
export async function* ahead(items, depth) {
  const ready = [];
  let over = false;
  let wake;
  let room;
  async function produce() {
    try {
      for await (const item of items) {
        ready.push(item);
        wake?.();
        if (ready.length < depth) continue;
        await new Promise((resolve) => {
          room = resolve;
        });
      }
    } finally {
      over = true;
      wake?.();
    }
  }
  const producing = produce();
  while (ready.length > 0 || !over) {
    if (ready.length > 0) {
      const item = ready.shift();
      room?.();
      yield item;
    } else {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  }
  await producing;
}
