// What identities and rows take in memory and time, however long a run is; and that nothing is lost by it.
// FRAMEPATH_MEMORY_HOURS: simulated hours of the growth test, default 2.
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <cstdlib>
#include <tuple>

#include "check.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/sanitized.h"
#include "identity_scenes.h"
#include "track/identity.h"
#include "track/row_spool.h"
#include "track/stretch.h"

using namespace framepath;
using namespace framepath::track;
using namespace identity_scenes;

namespace {

const RowOptions kRows{true, "", {}};

auto watcher(Identities& identities, const IdentityOptions& options, int32_t source, uint32_t seed, int32_t dims) {
  return Watcher(makeCropSelector(options), identities.openGallery(source), seed, dims);
}

std::vector<FinalRow> rowsOf(Identities& identities, int32_t sources, const RelinkRef& linked) {
  std::vector<FinalRow> all, frame;
  for (int32_t source = 0; source < sources; source++)
    for (const auto rows = identities.rows(source, linked); rows->next(frame);)
      all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

void checkExclusive(const std::vector<FinalRow>& rows) {
  std::set<std::tuple<int32_t, int64_t, int32_t>> seen;
  for (const FinalRow& row : rows) CHECK(row.id > 0 && seen.insert({row.source, row.frameIndex, row.id}).second);
}

struct Hash {
  uint64_t value = 1469598103934665603u;
  void add(int64_t number) { value = (value ^ static_cast<uint64_t>(number)) * 1099511628211u; }
};

uint64_t hashOf(const std::vector<FinalRow>& rows) {
  Hash hash;
  for (const FinalRow& row : rows)
    for (const int64_t number : {int64_t{row.source}, row.frameIndex, int64_t{row.id}, row.track,
                                 int64_t{std::llround(row.box.x1)}, int64_t{row.interpolated}})
      hash.add(number);
  return hash.value;
}

double heapMegabytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / 1e6;
}

constexpr bool kPlain = !kSanitized;  // else it is another allocator, and ten times slower

double hoursToSimulate() {
  const char* hours = std::getenv("FRAMEPATH_MEMORY_HOURS");
  return hours ? std::atof(hours) : 2;
}

}  // namespace

TEST(three_people_at_30_frames_take_less_than_20_megabytes_a_day) {
  if (!kPlain) return;
  const IdentityOptions options;
  const auto identities = makeIdentities(options, kRows);
  auto watch = watcher(*identities, options, 0, 1, 128);
  Door door(7, 3, 5, 1800);
  const auto frames = static_cast<int64_t>(hoursToSimulate() * 3600 * 30);
  double before = 0;
  for (int64_t i = 0; i < frames; i++) {
    if (i == frames / 8) before = heapMegabytes();
    watch.watch(door.next());
  }
  const double perDay = (heapMegabytes() - before) * 24 / (hoursToSimulate() * 7 / 8);
  const auto tracks = static_cast<long long>(door.tracks());
  std::printf("  %.1f h, %lld tracks: %.1f MB a day\n", hoursToSimulate(), tracks, perDay);
  CHECK(perDay < 20);
}

// The ids, frames and boxes of what was kept as rows when this was written.
TEST(rows_have_the_ids_they_had_when_all_of_them_were_in_memory) {
#if defined(__x86_64__)
  const uint64_t expected[] = {0xd72ac3a828b531ec, 0x487189cd497825e6, 0x3f0d5c3681ae3e7b,
                               0x7245a1271615e385, 0xd27fa4c8dfe23e7,  0x8f2124d46e87d9cc};
  for (uint32_t seed = 1; seed <= std::size(expected); seed++) {
    const IdentityOptions options;
    const auto identities = makeIdentities(options, kRows);
    for (int32_t source = 0; source < 2; source++) {
      auto watch = watcher(*identities, options, source, seed + static_cast<uint32_t>(source), 32);
      for (const Film::Picture& picture : restless(seed * 7 + static_cast<uint32_t>(source), 900).pictures)
        watch.watch(picture);
    }
    const uint64_t hash = hashOf(rowsOf(*identities, 2, identities->relink({})));
    if (hash != expected[seed - 1]) std::printf("  seed %u: 0x%llx\n", seed, static_cast<unsigned long long>(hash));
    CHECK(hash == expected[seed - 1]);
  }
#endif
}

TEST(the_timeline_matches_the_rows) {
  for (uint32_t seed = 1; seed <= 12; seed++) {
    IdentityOptions options;
    if (seed % 3 == 0) options.mode = ReidMode::off;
    const auto identities = makeIdentities(options, kRows);
    auto watch = watcher(*identities, options, 0, seed, 32);
    for (const Film::Picture& picture : restless(seed, 1500).pictures) watch.watch(picture);
    const RelinkRef linked = identities->relink({});
    const std::vector<FinalRow> rows = rowsOf(*identities, 1, linked);
    checkExclusive(rows);
    std::map<int32_t, Identity> reported;
    for (const FinalRow& row : rows) {
      Identity& identity = reported[row.id];
      identity.frames++;
      if (identity.spans.empty() || row.ptsUs - identity.spans.back().endUs > kFillUs)
        identity.spans.push_back({0, row.ptsUs, row.ptsUs});
      identity.spans.back().endUs = row.ptsUs;
    }
    CHECK_EQUAL(linked->identities.size(), reported.size());
    for (const Identity& identity : linked->identities) {
      const Identity& same = reported[identity.id];
      // Another track of the same person in a hole of this one may stand too far off for the rest of it to be filled.
      CHECK(identity.frames >= same.frames && identity.frames <= same.frames + 6);
      CHECK_EQUAL(identity.spans.size(), same.spans.size());
      for (size_t i = 0; i < std::min(identity.spans.size(), same.spans.size()); i++) {
        CHECK_EQUAL(identity.spans[i].startUs, same.spans[i].startUs);
        CHECK_EQUAL(identity.spans[i].endUs, same.spans[i].endUs);
      }
    }
  }
}

TEST(segments_settled_early_give_the_same_people) {
  const IdentityOptions options;
  IdentityLimits limits;
  limits.segments = 64;
  std::map<std::tuple<int64_t, int64_t>, int32_t> ids;
  size_t rows = 0, others = 0;
  for (const bool early : {false, true}) {
    const auto identities = makeIdentities(options, kRows, early ? limits : IdentityLimits{});
    auto watch = watcher(*identities, options, 0, 3, 32);
    Door door(3, 3, 10, 200);
    for (int32_t i = 0; i < 20'000; i++) watch.watch(door.next());
    const std::vector<FinalRow> all = rowsOf(*identities, 1, identities->relink({}));
    checkExclusive(all);
    for (const FinalRow& row : all) {
      if (row.interpolated) continue;
      if (!early) ids[{row.frameIndex, row.track}] = row.id;
      rows += early;
      others += early && ids[{row.frameIndex, row.track}] != row.id;
    }
  }
  CHECK(rows > 30'000);
  std::printf("  %zu of %zu rows have another id\n", others, rows);
  CHECK(others * 200 <= rows);
}

TEST(people_beyond_the_limits_keep_their_times_and_are_counted) {
  const IdentityOptions options;
  IdentityLimits limits;
  limits.full = 16;
  limits.known = 64;
  limits.segments = limits.segmentEmbeddings = 64;
  const auto identities = makeIdentities(options, kRows, limits);
  auto watch = watcher(*identities, options, 0, 5, 64);
  Door door(5, 2, 100, 45);  // nobody comes twice
  const auto stroll = [&](int64_t tracks) {
    while (door.tracks() < tracks) watch.watch(door.next());
  };
  stroll(400);
  const double before = heapMegabytes();
  stroll(1200);
  if (kPlain) CHECK((heapMegabytes() - before) / 800 < 0.002);  // two kilobytes a visit; an embedding has 0.3 here
  const GalleryCounts counts = watch.gallery()->counts();
  CHECK(counts.thinned > 100);
  CHECK(counts.forgotten > 100);
  const RelinkRef linked = identities->relink({});
  CHECK(linked->identities.size() > 500);
  for (const Identity& identity : linked->identities) CHECK(!identity.spans.empty() && identity.frames > 0);
  CHECK(linked->embeddings.size() < 400);
}

TEST(relinking_thousands_ends_within_moments_and_at_a_stop) {
  const IdentityOptions options;
  const auto identities = makeIdentities(options, kRows);
  for (int32_t source = 0; source < 4; source++) {
    auto watch = watcher(*identities, options, source, 1, 64);
    Door door(11 + static_cast<uint32_t>(source), 5, 100, 40);
    while (door.tracks() < 700) watch.watch(door.next());
  }
  const auto stopped = std::make_shared<Stop>();
  stopped->now();
  RelinkOptions at;
  at.stop = stopped;
  const RelinkRef cut = identities->relink(at);
  CHECK(!cut->complete);
  checkExclusive(rowsOf(*identities, 4, cut));
  CHECK(identities->relink(at) == cut);  // whoever asks then gets the same

  const int64_t startNs = nowNs();
  const RelinkRef whole = identities->relink({});
  std::printf("  %zu identities in %.2f s\n", whole->identities.size(), static_cast<double>(nowNs() - startNs) / 1e9);
  CHECK(whole->complete);
  CHECK(whole->identities.size() > 600);
  if (kPlain) CHECK(nowNs() - startNs < 20'000'000'000);
}

TEST(rows_come_back_from_the_spool_as_they_were) {
  std::mt19937 random(9);
  RowSpool spool("");
  std::vector<SpooledFrame> frames;
  for (int32_t i = 0; i < 5000; i++) {
    SpooledFrame frame{i == 0 ? 0 : frames.back().index + 1 + static_cast<int64_t>(random() % 3),
                       static_cast<int64_t>(random() % 1000) * 1'000'000'000 - 5,
                       {}};
    for (uint32_t row = random() % 4; row > 0; row--) {
      SpooledRow one{static_cast<int64_t>(random() % 6), {}};
      for (float& value : one.values) value = std::bit_cast<float>(static_cast<uint32_t>(random() & 0x7f7fffff));
      frame.rows.push_back(one);
    }
    CHECK(spool.write(frame));
    frames.push_back(std::move(frame));
  }
  for (int32_t times = 0; times < 2; times++) {
    RowSpool::Reader reader = spool.read();
    SpooledFrame read;
    for (const SpooledFrame& frame : frames) {
      CHECK(reader.next(read));
      CHECK(read.index == frame.index && read.ptsUs == frame.ptsUs && read.rows.size() == frame.rows.size());
      for (size_t i = 0; i < std::min(read.rows.size(), frame.rows.size()); i++)
        CHECK(read.rows[i].track == frame.rows[i].track &&
              std::equal(std::begin(read.rows[i].values), std::end(read.rows[i].values), frame.rows[i].values));
    }
    CHECK(!reader.next(read));
  }
}

// A limit on the size of files stands in for a full disk.
TEST(a_full_disk_costs_the_rows_from_there_on_and_is_reported_once) {
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit small{100'000, old.rlim_max};
  int32_t reported = 0;
  const IdentityOptions options;
  const auto identities = makeIdentities(options, {true, "", [&](const Error& error) {
                                                     reported++;
                                                     CHECK(error.code == ErrorCode::OUTPUT_DISK_FULL);
                                                   }});
  auto watch = watcher(*identities, options, 0, 1, 32);
  Door door(2, 3, 0, 600);
  std::fflush(stdout);
  setrlimit(RLIMIT_FSIZE, &small);
  for (int32_t i = 0; i < 10'000; i++) watch.watch(door.next());
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, before);
  CHECK_EQUAL(reported, 1);
  const RelinkRef linked = identities->relink({});
  CHECK(linked->identities.size() >= 3);  // times need no rows
  size_t rows = 0;
  std::vector<FinalRow> frame;
  const auto open = identities->rows(0, linked);
  const auto read = [&] {
    while (open->next(frame)) rows += frame.size();
    return rows;
  };
  CHECK_ERROR(read(), OUTPUT_DISK_FULL);
  CHECK(rows > 1000 && rows < 10'000);
  const auto without = makeIdentities(options);
  const auto gallery = without->openGallery(0);
  CHECK_ERROR(without->rows(0, without->relink({})), INVALID_ARGUMENT);
}

TEST_MAIN()
