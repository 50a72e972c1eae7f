#include "apps/zeus/capriccio_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "apps/zeus/capriccio_report.h"
#include "apps/zeus/list_flags.h"
#include "apps/zeus/number_flags.h"
#include "apps/zeus/progress_bar.h"
#include "capriccio/new_file.h"
#include "capriccio/slicer.h"
#include "zeus/base/noted_signals.h"

namespace zeus {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  zeus capriccio generate --out tweets.csv --rows 16000\n"
    "  zeus capriccio tweets.csv --out slices --window 5000\n"
    "  zeus capriccio tweets.csv --out slices --force --window 4000 --stride 7 --start 2009-04-06 --json\n"
    "  zeus capriccio slices/1_train.json --out again --label label --window 1000 --start 2009-04-06\n"
    "  zeus capriccio training.1600000.processed.noemoticon.csv --out slices    # The published tweets: 38 slices.\n"
    "\n"
    "Sorts rows by date, moves a window over them day by day, shuffles what is in it, and writes OUT/N_train.json and\n"
    "OUT/N_val.json, N from 1: JSON lines. A window starts at the first row of a day; days without rows are passed\n"
    "over; the last is the one after which fewer rows are left than a window holds.";

struct SliceFlags {
  std::string input;
  std::string out;
  std::string format;
  std::string encoding = "latin-1";
  bool header = false;
  std::string columns;
  std::string label = capriccio::TextLayout().label;
  std::string date = capriccio::TextLayout().date;
  std::string date_format = capriccio::TextLayout().date_format;
  std::string left_out;
  std::string numbers;
  capriccio::SliceOptions slices;
  std::string start = capriccio::DayText(capriccio::SliceOptions().start);
  bool force = false;
  bool skip_damaged = false;
  bool json = false;
};

// The input, and what there is to read of it where that is known.
struct Input {
  UniqueFd file;
  uint64_t bytes = 0;
};

Result<Input> OpenInput(const std::string& path) {
  Input input{.file = UniqueFd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                           : ::open(path.c_str(), O_RDONLY | O_CLOEXEC))};
  if (!input.file.valid()) return capriccio::FailWithErrno(path, "open");
  struct stat status{};
  if (::fstat(input.file.get(), &status) != 0) return capriccio::FailWithErrno(path, "inspect");
  if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return capriccio::FailWithErrno(path, "read");
  }
  input.bytes = S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
  return input;
}

bool EndsWithAny(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [&](std::string_view end) { return text.ends_with(end); });
}

Result<std::optional<std::vector<std::string>>> OptionalList(std::string_view flag, const std::string& list) {
  if (list.empty()) return std::nullopt;
  if (list == "none") return std::vector<std::string>();
  return SplitList(flag, list);
}

Result<capriccio::TextLayout> ToLayout(const SliceFlags& flags) {
  capriccio::TextLayout layout;
  const bool json =
      flags.format.empty() ? EndsWithAny(flags.input, {".json", ".jsonl", ".ndjson"}) : flags.format == "json";
  layout.format = json ? capriccio::TextFormat::kJsonLines : capriccio::TextFormat::kCsv;
  layout.encoding = flags.encoding == "utf-8" ? capriccio::Encoding::kUtf8 : capriccio::Encoding::kLatin1;
  layout.has_header = flags.header;
  if (!flags.columns.empty()) {
    ZEUS_ASSIGN_OR_RETURN(layout.columns, SplitList("--columns", flags.columns));
  }
  if (json && (flags.header || !flags.columns.empty() || !flags.numbers.empty())) {
    return Fail(ErrorCode::kInvalidArgument,
                "--header, --columns and --numbers are about CSV, and the input is JSON lines (--input-format csv)");
  }
  layout.label = flags.label;
  layout.date = flags.date;
  layout.date_format = flags.date_format;
  ZEUS_ASSIGN_OR_RETURN(layout.left_out, OptionalList("--drop", flags.left_out));
  ZEUS_ASSIGN_OR_RETURN(layout.numbers, OptionalList("--numbers", flags.numbers));
  return layout;
}

Result<capriccio::SlicingJob> ToJob(const SliceFlags& flags) {
  if (flags.input.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "FILE is required, or a command; see `zeus capriccio --help`");
  }
  if (flags.out.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--out is required; see `zeus capriccio --help`");
  }
  capriccio::SlicingJob job{.source = flags.input == "-" ? "standard input" : flags.input, .slices = flags.slices};
  ZEUS_ASSIGN_OR_RETURN(job.layout, ToLayout(flags));
  const Result<capriccio::Day> start = capriccio::ParseDay(flags.start);
  if (!start) return Fail(start.error().code, "--start: " + start.error().message);
  job.slices.start = *start;
  job.on_damage = flags.skip_damaged ? capriccio::OnDamage::kSkip : capriccio::OnDamage::kFail;
  job.old_slices = flags.force ? capriccio::OldSlices::kReplace : capriccio::OldSlices::kRefuse;
  job.out = flags.out;
  return job;
}

// A bar of MiB read, then one of slices written.
class SlicingProgress {
 public:
  SlicingProgress(const Console& console, uint64_t bytes) : console_(console) {
    if (bytes > 0) bar_.emplace(console_, "MiB read", bytes >> 20);
  }

  void Read(uint64_t bytes) {
    read_ += bytes;
    for (; bar_ && told_ < read_ >> 20; ++told_) bar_->Advance();
  }
  void Planned(size_t slices) { bar_.emplace(console_, "slices", slices); }
  void Written() { bar_->Advance(); }

 private:
  const Console& console_;
  std::optional<ProgressBar> bar_;
  uint64_t read_ = 0;
  uint64_t told_ = 0;
};

Result<capriccio::Slicing> Slice(capriccio::SlicingJob job, const Input& input, const NotedSignals& signals,
                                 const Console& console) {
  SlicingProgress progress(console, input.bytes);
  job.read = [&](char* buffer, size_t size) -> Result<size_t> {
    while (true) {
      if (signals.first()) return Fail(ErrorCode::kUnavailable, "interrupted");
      // A signal restarts reads: it is waited for together with the input.
      std::array<pollfd, 2> waited = {pollfd{.fd = input.file.get(), .events = POLLIN, .revents = 0},
                                      pollfd{.fd = signals.descriptor(), .events = POLLIN, .revents = 0}};
      if (::poll(waited.data(), waited.size(), -1) < 0 || waited[0].revents == 0) continue;
      const ssize_t got = ::read(input.file.get(), buffer, size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return capriccio::FailWithErrno(job.source, "read");
      progress.Read(static_cast<uint64_t>(got));
      return static_cast<size_t>(got);
    }
  };
  return capriccio::SliceText(job, {.stopped = [&] { return signals.first().has_value(); },
                                    .planned = [&](size_t slices) { progress.Planned(slices); },
                                    .written = [&] { progress.Written(); }});
}

Result<void> RunSlice(const SliceFlags& flags, const Console& console, int* exit_code) {
  ZEUS_ASSIGN_OR_RETURN(const capriccio::SlicingJob job, ToJob(flags));
  ZEUS_ASSIGN_OR_RETURN(const Input input, OpenInput(flags.input));
  const NotedSignals signals;
  const Result<capriccio::Slicing> slicing = Slice(job, input, signals, console);
  if (!slicing && signals.first()) {
    console.Note(fmt::format("zeus: interrupted by signal {} ({}); the slices that are in {} are whole",
                             *signals.first(), ::sigdescr_np(*signals.first()), flags.out));
    *exit_code = 128 + *signals.first();
    return {};
  }
  if (!slicing) {
    Error error = slicing.error();
    if (error.code == ErrorCode::kFailedPrecondition) error.message += "; --force replaces all slices in the folder";
    return std::unexpected(std::move(error));
  }
  for (const std::string& damage : slicing->damages) console.Note("zeus: passed over: " + damage);
  if (slicing->damaged > 0) {
    console.Note(
        fmt::format("zeus: {} damaged rows were passed over, {} are in the data", slicing->damaged, slicing->rows));
  }
  return console.Print(flags.json ? SlicingJson(*slicing, job) : SlicingText(*slicing, console));
}

void AddLayoutFlags(CLI::App& command, SliceFlags& flags) {
  command.add_option("--input-format", flags.format, "csv or json (lines) [json for *.json, *.jsonl and *.ndjson]")
      ->type_name("NAME")
      ->check(CLI::IsMember({"csv", "json"}));
  command.add_option("--encoding", flags.encoding, "Encoding of CSV: latin-1 or utf-8; JSON is UTF-8")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(CLI::IsMember({"latin-1", "utf-8"}));
  CLI::Option* const header =
      command.add_flag("--header", flags.header, "The first record of the CSV names its columns");
  command
      .add_option("--columns", flags.columns, "Columns of the CSV, without a header [polarity,id,date,query,user,text]")
      ->type_name("LIST")
      ->excludes(header);
  command.add_option("--label", flags.label, "Field that is written as \"label\"")
      ->type_name("FIELD")
      ->capture_default_str();
  command.add_option("--date", flags.date, "Field to sort by")->type_name("FIELD")->capture_default_str();
  command
      .add_option("--date-format", flags.date_format,
                  "As strptime has it; %z makes a time UTC, a %Z is passed over, %s counts seconds since 1970")
      ->type_name("FORMAT")
      ->capture_default_str();
  command.add_option("--drop", flags.left_out, "Fields to leave out, or none [query,user, where they are there]")
      ->type_name("LIST");
  command
      .add_option("--numbers", flags.numbers,
                  "CSV columns that are written as numbers, or none [polarity,id, where they are there]")
      ->type_name("LIST");
}

void AddSliceFlags(CLI::App& command, SliceFlags& flags) {
  command.add_option("--window", flags.slices.window, "Rows of a slice")
      ->type_name("N")
      ->capture_default_str()
      ->transform(CountText());
  command.add_option("--stride", flags.slices.stride, "Days that the window moves")
      ->type_name("N")
      ->capture_default_str()
      ->transform(IntegerText());
  command.add_option("--start", flags.start, "First day that a window may start on")
      ->type_name("DAY")
      ->capture_default_str();
  command
      .add_option("--train-share", flags.slices.train_share, "Share of a slice's rows to train on; the rest validates")
      ->type_name("P")
      ->capture_default_str()
      ->transform(NumberText());
  command.add_option("--seed", flags.slices.seed, "Seed of every slice's order")
      ->type_name("N")
      ->capture_default_str()
      ->transform(CountText());
}

}  // namespace

void AddCapriccioCommand(CLI::App& app, Invocation& invocation) {
  auto flags = std::make_shared<SliceFlags>();
  CLI::App* const command =
      app.add_subcommand("capriccio", "Cut dated, labelled text into the overlapping slices of a data set that drifts");
  command->add_option("FILE", flags->input, "Text to read, in any order of dates; - is standard input");
  command->add_option("--out", flags->out, "Folder to write to; created where it is missing")->type_name("DIR");
  AddLayoutFlags(*command, *flags);
  AddSliceFlags(*command, *flags);
  command->add_flag("--skip-damaged", flags->skip_damaged, "Pass over damaged rows and count them, instead of failing");
  command->add_flag("--force", flags->force, "Replace all slices that are in the folder");
  command->add_flag("--json", flags->json, "Print JSON instead of a table");
  command->footer(kExamples);
  AddCapriccioGenerateCommand(*command, invocation);
  command->callback([&invocation, flags, command] {
    if (!command->get_subcommands().empty()) return;
    invocation.action = [flags, &invocation](const Console& console) {
      return RunSlice(*flags, console, &invocation.exit_code);
    };
  });
}

}  // namespace zeus
