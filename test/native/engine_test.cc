// The engine on made-up sources and modules: random graphs, delays, failures, skips, removals and closes. Whatever
// happens, every source is conserved (in = delivered + dropped + inFlight), in order, exactly once.
#include "graph/engine.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <random>
#include <set>

#include "check.h"
#include "device/image.h"

using namespace framepath;
using namespace framepath::graph;

namespace {

void pause(int us) {
  if (us > 0) std::this_thread::sleep_for(std::chrono::microseconds(us));
}

FrameRef makeFrame(int64_t index) {
  ImageView view;
  view.width = view.height = 2;
  auto frame = std::make_shared<Frame>(view, 2, 2, nullptr);
  frame->index = index;
  frame->ptsUs = index * 40'000;
  return frame;
}

class CountingSource : public FrameSource {
 public:
  CountingSource(int frames, int delayUs, int failAt = -1) : frames_(frames), delayUs_(delayUs), failAt_(failAt) {}
  FrameRef next() override {
    pause(delayUs_);
    if (interrupted_ || index_ >= frames_) return nullptr;
    if (index_ == failAt_) throw Error(ErrorCode::SOURCE_FAILED, "The cable was cut.");
    return makeFrame(index_++);
  }
  void interrupt() override { interrupted_ = true; }

 private:
  const int frames_, delayUs_, failAt_;
  int index_ = 0;
  std::atomic<bool> interrupted_{false};
};

// Says the sum of what it depends on plus one, so that a wrong order of execution changes the value. Told of tasks
// early, it runs a stateless module's in any order.
class SumWorker : public Worker {
 public:
  SumWorker(const Graph* const* graph, std::string name, int delayUs, int failEvery)
      : graph_(graph), name_(std::move(name)), delayUs_(delayUs), failEvery_(failEvery) {}
  void announce(const TaskRef& task) override { CHECK(announced_.insert(task->id).second); }
  size_t ready(std::span<const TaskRef> announced) override {
    CHECK_EQUAL(announced.size(), announced_.size());
    for (const TaskRef& task : announced) CHECK(announced_.contains(task->id));
    const Graph& graph = **graph_;
    return graph.node(graph.find(name_)).stateful ? 0 : random_() % announced.size();
  }
  void run(std::span<const TaskRef> tasks, std::span<Observation> says) override {
    pause(delayUs_);
    const Graph& graph = **graph_;
    if (graph.node(graph.find(name_)).ahead > 1) {
      CHECK_EQUAL(tasks.size(), 1u);
      CHECK(announced_.erase(tasks[0]->id) == 1 || failEvery_);  // or tried again
    }
    const int32_t module = graph.find(name_);
    for (size_t i = 0; i < tasks.size(); i++) {
      if (failEvery_ && tasks[i]->seq % failEvery_ == failEvery_ - 1)
        throw Error(ErrorCode::MODULE_FAILED, "on purpose");
      if (graph.node(module).pixels && tasks[i]->frame()->index != tasks[i]->index)
        throw Error(ErrorCode::INTERNAL, "wrong frame");
      Classes sum;
      sum.rows = 1;
      for (int32_t dependency : graph.dependencies(module))
        if (const auto* other = tasks[i]->observations[dependency].as<Classes>()) sum.rows += other->rows;
      if (graph.node(module).stateful && tasks[i]->source >= 0) {
        auto [it, first] = lastSeq_.emplace(tasks[i]->source, -1);
        if (tasks[i]->seq <= it->second) throw Error(ErrorCode::INTERNAL, "out of order");
        it->second = tasks[i]->seq;
      }
      says[i] = observe(sum);
    }
  }

 private:
  const Graph* const* graph_;
  std::string name_;
  int delayUs_, failEvery_;
  std::map<int32_t, int64_t> lastSeq_;
  std::set<int64_t> announced_;
  std::minstd_rand random_;
};

struct Fixture {
  const Graph* graph = nullptr;
  std::promise<void> drained;
  std::atomic<int> sourcesFinished{0};
  std::mutex sampledMutex;
  std::vector<std::pair<int32_t, int64_t>> sampled;
  int disordered = 0;              // sampled tasks whose times do not follow one another
  std::unique_ptr<Engine> engine;  // last: its threads call the hooks until it is gone

  void build(std::vector<ModuleNode> nodes, bool open = false) {
    EngineHooks hooks;
    hooks.sourceFinished = [this](int32_t) { sourcesFinished++; };
    hooks.drained = [this] { drained.set_value(); };
    hooks.sampled = [this](const Task& task) {
      std::lock_guard lock(sampledMutex);
      sampled.emplace_back(task.source, task.seq);
      bool inOrder = task.decode.readyNs > 0 && task.decode.startNs <= task.decode.doneNs;
      for (size_t m = 0; m < task.stamps.size(); m++) {
        const Stamps& stamps = task.stamps[m];
        if (!stamps.startNs) continue;  // carried
        inOrder = inOrder && task.decode.doneNs <= stamps.readyNs && stamps.readyNs <= stamps.startNs &&
                  stamps.startNs <= stamps.doneNs && stamps.batch >= 1;
        for (const int32_t dependency : engine->graph().dependencies(m))
          inOrder = inOrder && task.stamps[dependency].doneNs <= stamps.readyNs;
      }
      if (!inOrder) disordered++;
    };
    engine = std::make_unique<Engine>(Graph(std::move(nodes)), hooks, EngineOptions{open, false});
    graph = &engine->graph();
  }
  ModuleNode node(const std::string& name, std::vector<std::string> depends, int delayUs = 0, int failEvery = 0) {
    ModuleNode node;
    node.name = name;
    node.depends = std::move(depends);
    node.openWorker = [this, name, delayUs, failEvery] {
      return std::make_unique<SumWorker>(&graph, name, delayUs, failEvery);
    };
    return node;
  }
  Delivery next(size_t max) {
    auto promise = std::make_shared<std::promise<Delivery>>();
    engine->next(max, [promise](Delivery d) { promise->set_value(std::move(d)); });
    return promise->get_future().get();
  }
};

struct Seen {
  std::map<int32_t, int64_t> nextSeq;
  int64_t count = 0;
  bool ordered = true;
  void take(const Delivery& delivery) {
    for (const TaskRef& task : delivery.tasks) {
      ordered = ordered && task->seq == nextSeq[task->source];
      nextSeq[task->source] = task->seq + 1;
      count++;
    }
  }
};

void checkConserved(const Engine& engine) {
  for (const SourceCounts& counts : engine.counts()) {
    int64_t dropped = 0;
    for (const auto& [cause, n] : counts.dropped) dropped += n;
    CHECK_EQUAL(counts.in, counts.delivered + dropped + counts.inFlight);
    CHECK_EQUAL(counts.inFlight, 0);
  }
  CHECK_EQUAL(engine.liveLeases(), 0);
}

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
    if (!node.stateful || node.workers == 1) node.ahead = pick(0, 1) ? pick(2, 5) : 1;
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

TEST(two_sources_through_a_diamond_arrive_in_order_with_right_values) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("last", {"left", "right"}));
  nodes.push_back(f.node("left", {"first"}));
  nodes.push_back(f.node("right", {"first"}));
  nodes.push_back(f.node("first", {}));
  for (auto& node : nodes) node.workers = 2;
  f.build(std::move(nodes));
  for (int s = 0; s < 2; s++)
    f.engine->addSource(std::make_unique<CountingSource>(100, 0), {std::to_string(s), false, 3, 4});
  f.engine->start();
  Seen seen;
  for (;;) {
    Delivery delivery = f.next(5);
    if (delivery.ended) break;
    seen.take(delivery);
    for (const TaskRef& task : delivery.tasks) CHECK_EQUAL(task->observations[0].as<Classes>()->rows, 5);
  }
  CHECK(seen.ordered);
  CHECK_EQUAL(seen.count, 200);
  f.engine->join();
  checkConserved(*f.engine);
}

TEST(workers_are_told_once_when_nothing_more_comes_of_a_source) {
  struct Told {
    std::mutex mutex;
    std::map<int32_t, int> run, forgotten;
  };
  class RememberingWorker : public Worker {
   public:
    explicit RememberingWorker(Told* told) : told_(told) {}
    void run(std::span<const TaskRef> tasks, std::span<Observation> says) override {
      std::lock_guard lock(told_->mutex);
      told_->run[tasks[0]->source]++;
      says[0] = observe(Classes{});
    }
    void forget(int32_t source) override {
      std::lock_guard lock(told_->mutex);
      if (told_->forgotten.contains(source)) check::fail(__FILE__, __LINE__, "told twice");
      told_->forgotten[source] = told_->run[source];  // with every frame behind it
    }

   private:
    Told* told_;
  };
  Told told;  // outlives the engine
  Fixture f;
  ModuleNode node;
  node.name = "a";
  node.stateful = true;
  node.openWorker = [&told] { return std::make_unique<RememberingWorker>(&told); };
  f.build({node}, true);
  f.engine->addSource(std::make_unique<CountingSource>(5, 0), {"short", false, 3, 4});
  f.engine->addSource(std::make_unique<CountingSource>(1'000'000, 50), {"long", false, 3, 4});
  f.engine->start();
  f.engine->discard();
  for (int i = 0; i < 5000 && f.sourcesFinished < 1; i++) pause(1000);
  for (int i = 0; i < 5000; i++) {
    pause(1000);
    std::lock_guard lock(told.mutex);
    if (!told.forgotten.empty()) break;
  }
  {
    std::lock_guard lock(told.mutex);
    CHECK(told.forgotten == (std::map<int32_t, int>{{0, 5}}));
    CHECK(told.run[1] > 0);
  }
  f.engine->stop();
  f.engine->join();
}

TEST(a_stride_carries_the_anchors_word_and_runs_only_there) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("a", {}));
  nodes[0].policy.stride = 4;
  nodes[0].workers = 2;
  f.build(std::move(nodes));
  f.engine->addSource(std::make_unique<CountingSource>(22, 0), {"s", false, 6, 40});
  f.engine->start();
  int values = 0, carried = 0;
  for (Delivery d = f.next(64); !d.ended; d = f.next(64))
    for (const TaskRef& task : d.tasks) (task->observations[0].said == Said::value ? values : carried)++;
  CHECK_EQUAL(values, 6);
  CHECK_EQUAL(carried, 16);
  CHECK_EQUAL(f.engine->stages()[1].count, 6);
  CHECK((f.engine->stages()[1].results == std::map<std::string, int64_t>{{"value", 6}, {"carried", 16}}));
}

TEST(a_worker_is_told_of_the_next_tasks_while_the_first_is_at_work) {
  class WaitingWorker : public Worker {
   public:
    explicit WaitingWorker(std::vector<size_t>* known) : known_(known) {}
    void announce(const TaskRef&) override { announced_++; }
    size_t ready(std::span<const TaskRef> announced) override {
      CHECK_EQUAL(announced.size(), announced_);
      known_->push_back(announced_);
      pause(2000);            // meanwhile others come
      return announced_ - 1;  // stateless: the newest first
    }
    void run(std::span<const TaskRef>, std::span<Observation> says) override {
      announced_--;
      says[0] = observe(Classes{});
    }

   private:
    std::vector<size_t>* known_;
    size_t announced_ = 0;
  };
  std::vector<size_t> known;
  Fixture f;
  ModuleNode node;
  node.name = "elsewhere";
  node.ahead = 3;
  node.openWorker = [&known] { return std::make_unique<WaitingWorker>(&known); };
  const int64_t begunNs = nowNs();
  f.build({node});
  f.engine->addSource(std::make_unique<CountingSource>(20, 0), {"s", false, 6, 40});
  f.engine->start();
  Seen seen;
  for (Delivery d = f.next(64); !d.ended; d = f.next(64)) seen.take(d);
  CHECK(seen.ordered);
  CHECK_EQUAL(seen.count, 20);
  CHECK_EQUAL(known.size(), 20u);
  CHECK_EQUAL(*std::max_element(known.begin(), known.end()), 3u);
  CHECK_EQUAL(known.back(), 1u);
  const StageStats stage = f.engine->stages()[1];
  CHECK_EQUAL(stage.count, 20);
  // One thread waits: its time is counted once, however many tasks it knows of.
  CHECK(stage.busyNs <= nowNs() - begunNs);
  f.engine->join();
  checkConserved(*f.engine);
}

TEST(every_nth_frame_is_sampled_with_the_times_of_its_stages) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("last", {"left", "right"}));
  nodes.push_back(f.node("left", {}, 200));
  nodes.push_back(f.node("right", {}, 100));
  nodes[1].policy.stride = 4;
  for (auto& node : nodes) node.workers = 2;
  f.build(std::move(nodes));
  for (int s = 0; s < 2; s++)
    f.engine->addSource(std::make_unique<CountingSource>(50, 0), {std::to_string(s), false, 3, 4});
  f.engine->sample(6);
  f.engine->start();
  int64_t most = 0;
  for (Delivery d = f.next(5); !d.ended; d = f.next(5))
    for (const StageStats& stage : f.engine->stages()) most = std::max(most, stage.queued);
  f.engine->join();
  std::sort(f.sampled.begin(), f.sampled.end());
  std::vector<std::pair<int32_t, int64_t>> wanted;
  for (int32_t s = 0; s < 2; s++)
    for (int64_t seq = 0; seq < 50; seq += 6) wanted.emplace_back(s, seq);
  CHECK(f.sampled == wanted);
  CHECK_EQUAL(f.disordered, 0);
  CHECK(most <= 14);  // never more than may be alive
  for (const StageStats& stage : f.engine->stages()) CHECK_EQUAL(stage.queued, 0);
}

TEST(batches_wait_for_company_only_while_it_can_come) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("a", {}, 500));
  nodes[0].policy.maxBatch = 4;
  nodes[0].policy.maxWaitMs = 10'000;
  f.build(std::move(nodes));
  f.engine->addSource(std::make_unique<CountingSource>(10, 0), {"s", false, 8, 40});
  const auto begun = std::chrono::steady_clock::now();
  f.engine->start();
  Seen seen;
  for (Delivery d = f.next(64); !d.ended; d = f.next(64)) seen.take(d);
  CHECK_EQUAL(seen.count, 10);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
}

TEST(an_error_under_fail_ends_the_run_with_module_and_source_named) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("bad", {}, 0, 5));
  f.build(std::move(nodes));
  f.engine->addSource(std::make_unique<CountingSource>(50, 0), {"cam", false, 4, 4});
  f.engine->start();
  std::optional<Error> error;
  for (;;) {
    Delivery d = f.next(8);
    if (!d.ended) continue;
    error = d.error;
    break;
  }
  CHECK(error && error->code == ErrorCode::MODULE_FAILED && error->module == "bad" && error->source == "cam");
  f.engine->join();
  checkConserved(*f.engine);
}

TEST(a_source_that_fails_delivers_what_it_gave_and_leaves_the_others_alone) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("a", {}));
  f.build(std::move(nodes));
  f.engine->addSource(std::make_unique<CountingSource>(50, 0, 7), {"bad", false, 4, 4});
  f.engine->addSource(std::make_unique<CountingSource>(50, 0), {"good", false, 4, 4});
  f.engine->start();
  Seen seen;
  std::optional<Error> error;
  for (;;) {
    Delivery d = f.next(8);
    seen.take(d);
    error = d.error;
    if (d.ended) break;
  }
  CHECK(!error);
  CHECK_EQUAL(seen.count, 57);
  CHECK(f.engine->counts()[0].error.has_value());
}

TEST(a_submitted_picture_passes_stateless_modules_and_skips_stateful_ones) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("look", {}));
  nodes.push_back(f.node("remember", {"look"}));
  nodes[1].stateful = true;
  f.build(std::move(nodes), true);
  f.engine->start();
  std::promise<TaskRef> done;
  f.engine->submit(makeFrame(0), [&](const TaskRef& task) { done.set_value(task); });
  TaskRef task = done.get_future().get();
  CHECK_EQUAL(task->observations[0].as<Classes>()->rows, 1);
  CHECK(task->observations[1].reason == Reason::unordered);
  task.reset();
  f.engine->closeToSources();
  f.drained.get_future().wait();
  f.engine->join();
  CHECK_EQUAL(f.engine->liveLeases(), 0);
}

TEST(sources_can_be_added_and_removed_while_others_run) {
  Fixture f;
  std::vector<ModuleNode> nodes;
  nodes.push_back(f.node("a", {}));
  f.build(std::move(nodes), true);
  f.engine->addSource(std::make_unique<CountingSource>(1'000'000, 50), {"endless", false, 2, 2});
  f.engine->start();
  f.engine->discard();
  f.engine->addSource(std::make_unique<CountingSource>(20, 0), {"late", false, 2, 2});
  CHECK_ERROR(f.engine->addSource(std::make_unique<CountingSource>(20, 0), {"endless", false, 2, 2}), INVALID_ARGUMENT);
  std::promise<void> removed;
  f.engine->removeSource("endless", [&] { removed.set_value(); });
  removed.get_future().wait();
  CHECK_ERROR(f.engine->removeSource("nobody", [] {}), SOURCE_NOT_FOUND);
  f.engine->closeToSources();
  f.drained.get_future().wait();
  f.engine->join();
  CHECK_EQUAL(f.engine->counts()[1].delivered, 20);
  checkConserved(*f.engine);
}

TEST(graphs_that_cannot_be_are_refused) {
  Fixture f;
  const auto build = [&](std::vector<ModuleNode> nodes) { Graph graph(std::move(nodes)); };
  CHECK_ERROR(build({f.node("a", {"b"})}), GRAPH_INVALID);
  CHECK_ERROR(build({f.node("a", {"b"}), f.node("b", {"a"})}), GRAPH_INVALID);
  CHECK_ERROR(build({f.node("a", {}), f.node("a", {})}), GRAPH_INVALID);
  CHECK_ERROR(build({f.node("", {})}), GRAPH_INVALID);
  ModuleNode stateful = f.node("s", {});
  stateful.stateful = true;
  stateful.policy.retry = 1;
  CHECK_ERROR(build({stateful}), GRAPH_INVALID);
}

// FRAMEPATH_PROPERTY_CASES (default 300), FRAMEPATH_PROPERTY_SEED (default 1).
TEST(random_graphs_conserve_order_and_deliver_exactly_once) {
  const char* cases = std::getenv("FRAMEPATH_PROPERTY_CASES");
  const char* seed = std::getenv("FRAMEPATH_PROPERTY_SEED");
  const int count = cases ? std::atoi(cases) : 300;
  const auto first = static_cast<unsigned>(seed ? std::atoi(seed) : 1);
  for (int i = 0; i < count; i++) {
    const int before = check::failures();
    randomCase(first + static_cast<unsigned>(i));
    if (check::failures() != before) {
      std::printf("  seed %u\n", first + static_cast<unsigned>(i));
      return;
    }
  }
}

TEST_MAIN()
