#include "capriccio/synthetic_corpus.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <span>
#include <string>

#include "zeus/base/numpy_generator.h"

namespace zeus::capriccio {
namespace {

constexpr std::array<std::string_view, 24> kSad = {
    "sad",    "awful", "tired", "sick",  "hate",   "miss",  "broken", "lost", "sorry", "ugh",      "boring", "hurts",
    "crying", "worst", "alone", "rainy", "failed", "stuck", "late",   "bad",  "angry", "terrible", "cold",   "poor"};
constexpr std::array<std::string_view, 24> kHappy = {"happy",   "great", "love",  "thanks",  "awesome",   "fun",
                                                     "nice",    "yay",   "sunny", "excited", "cool",      "best",
                                                     "sweet",   "lucky", "smile", "winner",  "enjoy",     "lovely",
                                                     "finally", "proud", "good",  "amazing", "beautiful", "free"};
// What people say later, and never before.
constexpr std::array<std::string_view, 24> kSadLater = {
    "meh",   "salty",   "cringe", "doomed", "drained",   "laggy",  "cancelled", "grim",
    "bleak", "soggy",   "flop",   "yikes",  "overrated", "hollow", "wrecked",   "gloomy",
    "numb",  "delayed", "toxic",  "fried",  "sour",      "jammed", "spent",     "dire"};
constexpr std::array<std::string_view, 24> kHappyLater = {"epic",   "lit",    "stellar", "vibing",  "blessed", "golden",
                                                          "iconic", "stoked", "pumped",  "glowing", "fresh",   "neat",
                                                          "witty",  "breezy", "cosy",    "woot",    "shiny",   "crisp",
                                                          "zesty",  "mellow", "dreamy",  "jolly",   "bright",  "ace"};
// Two of them are Latin-1 and not ASCII, as in the published data.
constexpr std::array<std::string_view, 64> kFiller = {
    "the",    "to",      "i",      "a",        "my",     "and",     "is",       "in",     "it",      "you",
    "for",    "of",      "on",     "that",     "so",     "have",    "me",       "but",    "just",    "with",
    "be",     "at",      "day",    "was",      "this",   "now",     "up",       "get",    "all",     "out",
    "today",  "work",    "go",     "got",      "going",  "time",    "back",     "home",   "morning", "phone",
    "school", "night",   "house",  "weekend",  "movie",  "twitter", "train",    "dinner", "game",    "music",
    "exam",   "friend",  "garden", "monday",   "window", "caf\xe9", "na\xefve", "bus",    "weather", "homework",
    "guitar", "airport", "laptop", "breakfast"};

constexpr size_t kPieceBytes = size_t{1} << 16;
// Published ids begin near here; ours grow with the date.
constexpr uint64_t kFirstId = 1'467'810'000;

Result<void> Check(const SyntheticCorpus& corpus) {
  const auto fail = [](std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); };
  const auto is_share = [](double value) { return value >= 0 && value <= 1; };
  if (corpus.days < 1 || corpus.days > 36525)
    return fail(fmt::format("days: expected 1 to 36525, found {}", corpus.days));
  if (corpus.rows < 2 || corpus.rows < static_cast<uint64_t>(corpus.days) || corpus.rows > 1'000'000'000'000) {
    return fail(fmt::format("rows: expected at least 2, one for each of {} days, and at most 1e12, found {}",
                            corpus.days, corpus.rows));
  }
  if (!(corpus.growth > 0 && corpus.growth <= 1000)) {
    return fail(fmt::format("growth: expected a number above 0 and up to 1000, found {:g}", corpus.growth));
  }
  const SyntheticCorpus::Drift drift = corpus.drift.value_or(SyntheticCorpus::Drift{});
  const std::array<std::pair<std::string_view, double>, 5> shares = {{{"signal", corpus.mood.signal},
                                                                      {"noise", corpus.mood.noise},
                                                                      {"signal_after", drift.mood.signal},
                                                                      {"noise_after", drift.mood.noise},
                                                                      {"new_words", drift.new_words}}};
  for (const auto& [name, value] : shares) {
    if (!is_share(value)) return fail(fmt::format("{}: expected a number from 0 to 1, found {:g}", name, value));
  }
  const Day last = corpus.first_day + corpus.days - 1;
  if (corpus.drift && (drift.day < corpus.first_day || drift.day > last)) {
    return fail(fmt::format("drift_day: expected a day from {} to {}, found {}", DayText(corpus.first_day),
                            DayText(last), DayText(drift.day)));
  }
  return {};
}

class Writer {
 public:
  Writer(const SyntheticCorpus& corpus, const WriteText& write)
      : corpus_(corpus), write_(write), random_(corpus.seed) {}

  Result<void> WriteAll() {
    for (const uint64_t polarity : {0U, 4U}) {
      for (int64_t day = 0; day < corpus_.days; ++day) ZEUS_RETURN_IF_ERROR(WriteDay(day, polarity));
    }
    return write_(text_);
  }

 private:
  // Rows of the days before this one; the number of a day's rows grows linearly.
  [[nodiscard]] uint64_t RowsBefore(int64_t day) const {
    if (day == corpus_.days) return corpus_.rows;
    const double x = static_cast<double>(day) / static_cast<double>(corpus_.days);
    const double slope = (corpus_.growth - 1) / 2;
    return static_cast<uint64_t>(static_cast<double>(corpus_.rows) * ((x + slope * x * x) / (1 + slope)));
  }

  Result<void> WriteDay(int64_t day, uint64_t polarity) {
    const uint64_t first = RowsBefore(day);
    const uint64_t rows = RowsBefore(day + 1) - first;
    for (uint64_t row = 0; row < rows; ++row) {
      // The two moods take turns.
      if ((first + row) % 2 != polarity / 4) continue;
      const double share = (static_cast<double>(row) + random_.NextDouble()) / static_cast<double>(rows);
      AppendRow(first + row, polarity, corpus_.first_day + day, static_cast<int64_t>(share * kSecondsPerDay));
      if (text_.size() < kPieceBytes) continue;
      ZEUS_RETURN_IF_ERROR(write_(text_));
      text_.clear();
    }
    return {};
  }

  void AppendRow(uint64_t number, uint64_t polarity, Day day, int64_t second) {
    fmt::format_to(std::back_inserter(text_), "\"{}\",\"{}\",\"", polarity, kFirstId + number);
    AppendTweetDate(day, second, &text_);
    fmt::format_to(std::back_inserter(text_), "\",\"NO_QUERY\",\"user{}\",\"", random_.Bounded(99'999));
    AppendWords(polarity == 4, corpus_.drift && day >= corpus_.drift->day);
    text_ += "\"\n";
  }

  void AppendWords(bool happy, bool drifted) {
    const SyntheticCorpus::Mood& mood = drifted ? corpus_.drift->mood : corpus_.mood;
    if (random_.NextDouble() < mood.noise) happy = !happy;
    if (random_.Bounded(3) == 0) fmt::format_to(std::back_inserter(text_), "@user{} ", random_.Bounded(99'999));
    const uint64_t words = 5 + random_.Bounded(13);
    for (uint64_t word = 0; word < words; ++word) {
      if (word > 0) text_ += random_.Bounded(11) == 0 ? ", " : " ";
      if (random_.NextDouble() < mood.signal) {
        AppendTellingWord(happy, drifted);
      } else {
        // The first of the list are the most frequent.
        const double share = random_.NextDouble();
        text_ += kFiller[static_cast<size_t>(share * share * kFiller.size())];
      }
    }
    if (random_.Bounded(15) == 0) text_ += " &quot;&amp;&quot;";
  }

  void AppendTellingWord(bool happy, bool drifted) {
    const bool later = drifted && random_.NextDouble() < corpus_.drift->new_words;
    const std::span<const std::string_view> words =
        later ? std::span(happy ? kHappyLater : kSadLater) : std::span(happy ? kHappy : kSad);
    text_ += words[random_.Bounded(words.size() - 1)];
  }

  const SyntheticCorpus& corpus_;
  const WriteText& write_;
  NumpyGenerator random_;
  std::string text_;
};

}  // namespace

Result<void> GenerateCorpus(const SyntheticCorpus& corpus, const WriteText& write) {
  ZEUS_RETURN_IF_ERROR(Check(corpus));
  return Writer(corpus, write).WriteAll();
}

}  // namespace zeus::capriccio
