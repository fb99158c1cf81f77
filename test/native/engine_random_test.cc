// The engine on random graphs, with delays, failures, skips, removals and closes. Whatever happens, every source is
// conserved (in = delivered + dropped + inFlight), in order, exactly once.
#include <cstdlib>

#include "engine_run.h"

using namespace engine_run;

namespace {

void randomCase(unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int from, int to) {
    return from + static_cast<int>(random() % static_cast<unsigned>(to - from + 1));
  };
  Fixture f;
  std::vector<ModuleNode> nodes;
  const int modules = pick(0, 6);
  bool canFail = false;
  for (int m = 0; m < modules; m++) {
    std::vector<std::string> depends;
    for (int d = 0; d < m; d++)
      if (pick(0, 2) == 0) depends.push_back("m" + std::to_string(d));
    const int failEvery = pick(0, 4) == 0 ? pick(1, 6) : 0;
    ModuleNode node = f.node("m" + std::to_string(m), depends, pick(0, 2) ? 0 : pick(0, 200), failEvery);
    node.stateful = pick(0, 1);
    node.pixels = pick(0, 1);
    node.acceptsNothing = pick(0, 1);
    node.sink = pick(0, 4) == 0;
    node.workers = pick(1, 3);
    node.policy.stride = pick(0, 3) == 0 ? pick(2, 4) : 1;
    node.policy.maxBatch = pick(1, 4);
    node.policy.maxWaitMs = pick(0, 2) == 0 ? 0.3 : 0;
    node.policy.retry = node.stateful ? 0 : pick(0, 1);
    node.policy.onError = pick(0, 5) == 0 ? OnError::fail : OnError::skip;
    if (!node.stateful || node.workers == 1) node.prefetch = pick(0, 1) ? pick(2, 5) : 1;
    if (m > 0 && pick(0, 3) == 0) {
      node.policy.onError = OnError::fallback;
      node.policy.fallback = "m" + std::to_string(pick(0, m - 1));
    }
    canFail = canFail || (failEvery && node.policy.onError == OnError::fail);
    nodes.push_back(std::move(node));
  }
  f.build(std::move(nodes));
  const int sources = pick(1, 4);
  int64_t total = 0;
  bool exact = !canFail;
  for (int s = 0; s < sources; s++) {
    SourceOptions options;
    options.id = "s" + std::to_string(s);
    options.live = pick(0, 4) == 0;
    options.inFlight = pick(1, 5);
    options.resultQueue = pick(1, 6);
    exact = exact && !options.live;
    const int frames = pick(0, 60);
    const int failAt = pick(0, 5) == 0 ? pick(0, 60) : -1;
    total += failAt >= 0 ? std::min(frames, failAt) : frames;
    f.engine->addSource(std::make_unique<CountingSource>(frames, pick(0, 1) ? 0 : pick(0, 100), failAt), options);
  }
  f.engine->start();

  Seen seen;
  const int how = pick(0, 5);
  const int stopAfter = pick(0, 60);
  bool stopped = false, removed = false;
  std::promise<void> removedPromise;
  if (how == 0) {
    f.engine->discard();
    f.drained.get_future().wait();
  } else {
    for (;;) {
      Delivery delivery = f.next(static_cast<size_t>(pick(1, 8)));
      seen.take(delivery);
      if (delivery.ended) break;
      if (pick(0, 8) == 0) pause(pick(0, 300));
      if (how == 1 && seen.count >= stopAfter) {
        f.engine->stop();
        stopped = true;
        break;
      }
      if (how == 2 && !removed && seen.count >= stopAfter) {
        try {
          f.engine->removeSource("s0", [&] { removedPromise.set_value(); });
          removed = true;
        } catch (const Error& e) {
          // Ended before: by itself, or because a module failed the run.
          CHECK(e.code == ErrorCode::SOURCE_NOT_FOUND || (e.code == ErrorCode::RUN_CLOSED && f.engine->error()));
        }
      }
    }
  }
  if (removed) CHECK(removedPromise.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  const bool failed = f.engine->error().has_value();
  f.engine->join();
  CHECK(seen.ordered);
  checkConserved(*f.engine);
  int64_t delivered = 0;
  for (const SourceCounts& counts : f.engine->counts()) delivered += counts.delivered;
  if (how != 0) CHECK_EQUAL(delivered, seen.count);
  if (exact && !stopped && !removed && !failed) {
    CHECK_EQUAL(delivered, total);
    CHECK_EQUAL(f.sourcesFinished.load(), sources);
  }
}

}  // namespace

// FRAMEPATH_PROPERTY_CASES (default 300) from FRAMEPATH_SEED on.
TEST(random_graphs_conserve_order_and_deliver_exactly_once) {
  const uint32_t first = check::firstSeed(), end = first + check::cases("FRAMEPATH_PROPERTY_CASES", 300);
  for (uint32_t seed = first; seed != end; seed++) {
    const int before = check::failures();
    randomCase(seed);
    if (check::failures() != before) {
      std::printf("  seed %u\n", seed);
      return;
    }
  }
}

TEST_MAIN()
