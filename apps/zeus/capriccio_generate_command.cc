#include <fmt/format.h>

#include <memory>

#include "apps/zeus/capriccio_command.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/number_range.h"
#include "capriccio/new_file.h"
#include "capriccio/synthetic_corpus.h"
#include "zeus/base/noted_signals.h"
#include "zeus/base/number_text.h"

namespace zeus {
namespace {

using capriccio::Day;

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus capriccio generate --out tweets.csv --rows 16000 --seed 1\n"
    "  zeus capriccio generate --out drifting.csv --rows 8000 --days 20 --drift-day 11 \\\n"
    "      --signal 0.4 --signal-after 0.1 --noise-after 0.3 --new-words 0.8\n"
    "\n"
    "Writes rows of polarity (0 or 4), id, date, query, user and text in the published data's layout: no header, "
    "quoted\n"
    "fields, Latin-1. Nobody wrote the texts: words are drawn at random, some of which tell the mood.";

struct GenerateFlags {
  capriccio::SyntheticCorpus corpus;
  std::string out;
  std::string start = capriccio::DayText(capriccio::SyntheticCorpus().first_day);
  std::string drift_day;
  std::optional<double> signal_after;
  std::optional<double> noise_after;
  std::optional<double> new_words;
};

// "11", counted from 1, or a date.
Result<Day> ParseDriftDay(const std::string& text, Day first_day) {
  if (const std::optional<uint64_t> number = ParseUnsigned(text); number && *number >= 1 && *number <= 100'000) {
    return first_day + static_cast<Day>(*number) - 1;
  }
  if (const Result<Day> day = capriccio::ParseDay(text)) return *day;
  return Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("--drift-day: expected a day's number from 1 or a day such as 2009-05-01, found \"{}\"", text));
}

Result<capriccio::SyntheticCorpus> ToCorpus(const GenerateFlags& flags) {
  capriccio::SyntheticCorpus corpus = flags.corpus;
  const Result<Day> start = capriccio::ParseDay(flags.start);
  if (!start) return Fail(start.error().code, "--start: " + start.error().message);
  corpus.first_day = *start;
  if (flags.drift_day.empty()) {
    if (flags.signal_after || flags.noise_after || flags.new_words) {
      return Fail(ErrorCode::kInvalidArgument,
                  "--signal-after, --noise-after and --new-words say what holds from --drift-day on: give that, too");
    }
    return corpus;
  }
  capriccio::SyntheticCorpus::Drift drift;
  ZEUS_ASSIGN_OR_RETURN(drift.day, ParseDriftDay(flags.drift_day, corpus.first_day));
  drift.mood = {.signal = flags.signal_after.value_or(corpus.mood.signal),
                .noise = flags.noise_after.value_or(corpus.mood.noise)};
  drift.new_words = flags.new_words.value_or(drift.new_words);
  corpus.drift = drift;
  return corpus;
}

Result<void> Generate(const capriccio::SyntheticCorpus& corpus, const capriccio::WriteText& write) {
  const NotedSignals signals;
  Result<void> done = capriccio::GenerateCorpus(corpus, [&](std::string_view text) -> Result<void> {
    if (signals.first()) return Fail(ErrorCode::kUnavailable, "interrupted: nothing was written");
    return write(text);
  });
  // "drift_day: ..." is about --drift-day.
  if (!done && done.error().code == ErrorCode::kInvalidArgument) {
    std::string& message = done.error().message;
    const size_t end = message.find(':');
    for (size_t at = 0; at < end && at < message.size(); ++at) {
      if (message[at] == '_') message[at] = '-';
    }
    message.insert(0, "--");
  }
  return done;
}

Result<void> RunGenerate(const GenerateFlags& flags, const Console& console) {
  ZEUS_ASSIGN_OR_RETURN(const capriccio::SyntheticCorpus corpus, ToCorpus(flags));
  if (flags.out == "-") {
    return capriccio::GenerateCorpus(corpus, [&](std::string_view text) { return console.Print(text); });
  }
  ZEUS_ASSIGN_OR_RETURN(capriccio::NewFile file, capriccio::NewFile::Create(flags.out + ".capriccio.tmp", flags.out));
  ZEUS_RETURN_IF_ERROR(Generate(corpus, [&](std::string_view text) { return file.Append(text); }));
  ZEUS_RETURN_IF_ERROR(file.Commit());
  return console.Print(fmt::format("{}: {} rows from {} to {}{}\n", flags.out, corpus.rows,
                                   capriccio::DayText(corpus.first_day),
                                   capriccio::DayText(corpus.first_day + corpus.days - 1),
                                   corpus.drift ? ", another text from " + capriccio::DayText(corpus.drift->day) : ""));
}

CLI::Validator Share() {
  return NumberFrom(0, 1);
}

}  // namespace

void AddCapriccioGenerateCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App* const command =
      app.add_subcommand("generate", "Make up a dated, labelled corpus that drifts, in the published CSV layout");
  command->add_option("--out", flags->out, "File to write, replaced as a whole; - is standard output")
      ->type_name("FILE")
      ->required();
  command->add_option("--rows", flags->corpus.rows, "Rows")
      ->type_name("N")
      ->capture_default_str()
      ->transform(CountText());
  command->add_option("--days", flags->corpus.days, "Days that they are spread over")
      ->type_name("N")
      ->capture_default_str()
      ->transform(IntegerText());
  command->add_option("--start", flags->start, "First day")->type_name("DAY")->capture_default_str();
  command->add_option("--growth", flags->corpus.growth, "The last day has this many times the first day's rows")
      ->type_name("X")
      ->capture_default_str()
      ->transform(NumberText());
  command->add_option("--seed", flags->corpus.seed, "Seed of the words and times")
      ->type_name("N")
      ->capture_default_str()
      ->transform(CountText());
  command->add_option("--signal", flags->corpus.mood.signal, "Share of the words that tell the label")
      ->type_name("P")
      ->capture_default_str()
      ->transform(Share());
  command->add_option("--noise", flags->corpus.mood.noise, "Share of the texts that are worded like the other label")
      ->type_name("P")
      ->capture_default_str()
      ->transform(Share());
  command
      ->add_option("--drift-day", flags->drift_day,
                   "Day from which the text is another: its number from 1, or a date [none]")
      ->type_name("DAY");
  command->add_option("--signal-after", flags->signal_after, "--signal from the drift day on [the same]")
      ->type_name("P")
      ->transform(Share());
  command->add_option("--noise-after", flags->noise_after, "--noise from the drift day on [the same]")
      ->type_name("P")
      ->transform(Share());
  command
      ->add_option("--new-words", flags->new_words,
                   "Share of the telling words from the drift day on that were not used before [0.5]")
      ->type_name("P")
      ->transform(Share());
  command->footer(kExamples);
  command->callback([&invocation, flags] {
    invocation.action = [flags](const Console& console) { return RunGenerate(*flags, console); };
  });
}

}  // namespace zeus
