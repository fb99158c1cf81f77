// The engine on made-up sources and modules, one thing at a time; random graphs are in engine_random_test.
#include "engine_run.h"

using namespace engine_run;

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

TEST(workers_learn_once_that_a_source_has_ended) {
  struct Ended {
    std::mutex mutex;
    std::map<int32_t, int> run, last;
  };
  class RememberingWorker : public Worker {
   public:
    explicit RememberingWorker(Ended* ended) : ended_(ended) {}
    void run(std::span<const TaskRef> tasks, std::span<Observation> results) override {
      std::lock_guard lock(ended_->mutex);
      ended_->run[tasks[0]->source]++;
      results[0] = observe(Classes{});
    }
    void onSourceEnded(int32_t source) override {
      std::lock_guard lock(ended_->mutex);
      if (ended_->last.contains(source)) check::fail(__FILE__, __LINE__, "ended twice");
      ended_->last[source] = ended_->run[source];  // with every frame behind it
    }

   private:
    Ended* ended_;
  };
  Ended ended;  // outlives the engine
  Fixture f;
  ModuleNode node;
  node.name = "a";
  node.stateful = true;
  node.openWorker = [&ended] { return std::make_unique<RememberingWorker>(&ended); };
  f.build({node}, true);
  f.engine->addSource(std::make_unique<CountingSource>(5, 0), {"short", false, 3, 4});
  f.engine->addSource(std::make_unique<CountingSource>(1'000'000, 50), {"long", false, 3, 4});
  f.engine->start();
  f.engine->discard();
  for (int i = 0; i < 5000 && f.sourcesFinished < 1; i++) pause(1000);
  for (int i = 0; i < 5000; i++) {
    pause(1000);
    std::lock_guard lock(ended.mutex);
    if (!ended.last.empty()) break;
  }
  {
    std::lock_guard lock(ended.mutex);
    CHECK(ended.last == (std::map<int32_t, int>{{0, 5}}));
    CHECK(ended.run[1] > 0);
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
    for (const TaskRef& task : d.tasks) (task->observations[0].state == ObservationState::value ? values : carried)++;
  CHECK_EQUAL(values, 6);
  CHECK_EQUAL(carried, 16);
  CHECK_EQUAL(f.engine->stages()[1].count, 6);
  CHECK((f.engine->stages()[1].results == std::map<std::string, int64_t>{{"value", 6}, {"carried", 16}}));
}

TEST(a_worker_gets_prefetched_tasks_while_the_first_runs) {
  class WaitingWorker : public Worker {
   public:
    explicit WaitingWorker(std::vector<size_t>* known) : known_(known) {}
    void prefetch(const TaskRef&) override { prefetched_++; }
    size_t ready(std::span<const TaskRef> prefetched) override {
      CHECK_EQUAL(prefetched.size(), prefetched_);
      known_->push_back(prefetched_);
      pause(2000);             // meanwhile others come
      return prefetched_ - 1;  // stateless: the newest first
    }
    void run(std::span<const TaskRef>, std::span<Observation> results) override {
      prefetched_--;
      results[0] = observe(Classes{});
    }

   private:
    std::vector<size_t>* known_;
    size_t prefetched_ = 0;
  };
  std::vector<size_t> known;
  Fixture f;
  ModuleNode node;
  node.name = "elsewhere";
  node.prefetch = 3;
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

TEST_MAIN()
