// Stages of a pipeline in one event loop: each prefetches for the one that takes from it.

/** Iterates over `items`, prefetching up to `depth` of them. */
export async function* prefetch(items, depth) {
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
