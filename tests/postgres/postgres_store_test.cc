#include "services/store/postgres_store.h"

#include <gmock/gmock.h>

#include <array>
#include <csignal>
#include <set>
#include <stdexcept>
#include <thread>

#include "services/store/invariants.h"
#include "tests/support/postgres_server.h"
#include "tests/support/result_matchers.h"
#include "tests/support/store_contract.h"

namespace zeus::testing {
namespace {

using store::JobRecord;
using store::PostgresDatabase;
using store::PostgresStore;
using store::PostgresTimeouts;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// One for all tests; null, with the reason told, where there is none.
std::unique_ptr<PostgresServer> server;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

class ServerOfAllTests : public ::testing::Environment {
 public:
  void SetUp() override {
    Result<std::unique_ptr<PostgresServer>> started = PostgresServer::Start();
    if (!started && started.error().code == ErrorCode::kNotFound) GTEST_SKIP() << started.error().message;
    ASSERT_THAT(started, IsOk());
    server = *std::move(started);
  }
  void TearDown() override { server.reset(); }
};

// NOLINTNEXTLINE(cert-err58-cpp): GoogleTest's own way; it deletes it.
const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new ServerOfAllTests);

Result<void> Execute(const std::string& sql) {
  ZEUS_ASSIGN_OR_RETURN(PostgresDatabase database, PostgresDatabase::Create(server->Url(), {}));
  ZEUS_RETURN_IF_ERROR(database.Connect());
  return database.Execute(sql);
}

Result<std::unique_ptr<PostgresStore>> Open(const PostgresTimeouts& timeouts = {}) {
  return PostgresStore::Open(server->Url(), timeouts);
}

StoreCase Postgres() {
  return {.name = "postgres", .open = [](const std::filesystem::path& folder) {
            const std::filesystem::path used = folder / "used";
            if (std::filesystem::create_directory(used)) {
              if (const Result<void> empty = Execute("DROP SCHEMA IF EXISTS zeus CASCADE"); !empty) {
                throw std::runtime_error(empty.error().message);
              }
            }
            Result<std::unique_ptr<PostgresStore>> opened = Open();
            if (!opened) throw std::runtime_error(opened.error().message);
            return *std::move(opened);
          }};
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract, ::testing::Values(Postgres()), StoreCaseName);

class PostgresStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(Execute("DROP SCHEMA IF EXISTS zeus CASCADE"), IsOk()); }
};

Result<void> Put(store::Store& store, const JobRecord& job) {
  return store.Atomically([&] { return store.PutJob(job); });
}

// A trial more of job "a", as servers start them: from what is read.
Result<int64_t> StartTrial(store::Store& store) {
  int64_t number = 0;
  const Result<void> done = store.Atomically([&]() -> Result<void> {
    ZEUS_ASSIGN_OR_RETURN(std::optional<JobRecord> job, store.FindJob("a"));
    if (!job) return Fail(ErrorCode::kNotFound, "no job");
    number = ++job->last_trial_number;
    ZEUS_RETURN_IF_ERROR(store.PutJob(*job));
    return store.PutTrial(SomeTrial("a", number));
  });
  if (!done) return std::unexpected(done.error());
  return number;
}

TEST_F(PostgresStoreTest, ServersThatStartAtOnceMakeTheTablesOnce) {
  std::vector<std::jthread> threads;
  std::array<std::string, 6> problems;
  for (std::string& problem : problems) {
    threads.emplace_back([&problem] {
      const Result<std::unique_ptr<PostgresStore>> opened = Open();
      if (!opened) problem = opened.error().message;
    });
  }
  threads.clear();
  EXPECT_THAT(problems, ::testing::Each(IsEmpty()));
}

TEST_F(PostgresStoreTest, TablesOfTheFirstVersionAreBroughtUp) {
  const store::TrialRecord trial = SomeTrial("a", 1);
  {
    const auto store = *Open();
    ASSERT_THAT(store->Atomically([&]() -> Result<void> {
      ZEUS_RETURN_IF_ERROR(store->PutJob(SomeJob("a")));
      return store->PutTrial(trial);
    }),
                IsOk());
  }
  ASSERT_THAT(Execute("ALTER TABLE zeus.trials DROP COLUMN renewed_ms; UPDATE zeus.schema_version SET version = 1"),
              IsOk());
  const Result<std::unique_ptr<PostgresStore>> store = Open();
  ASSERT_THAT(store, IsOk());
  store::TrialRecord wanted = trial;
  wanted.renewed_ms = trial.begin_ms;
  EXPECT_EQ(*(*store)->FindTrial("a", 1), wanted);
  EXPECT_EQ((*(*store)->FindJob("a"))->settings, SomeJob("a").settings);
}

TEST_F(PostgresStoreTest, ServersThatShareADatabaseLoseAndRepeatNoDecision) {
  constexpr size_t kServers = 4;
  constexpr size_t kEach = 50;
  ASSERT_THAT(Put(**Open(), SomeJob("a")), IsOk());
  std::array<std::vector<int64_t>, kServers> started;
  std::array<std::string, kServers> problems;
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < kServers; ++i) {
      threads.emplace_back([&started, &problems, i] {
        const Result<std::unique_ptr<PostgresStore>> store = Open();
        for (size_t k = 0; k < kEach && store; ++k) {
          const Result<int64_t> number = StartTrial(**store);
          if (!number) problems.at(i) = number.error().message;
          if (number) started.at(i).push_back(*number);
        }
      });
    }
  }
  EXPECT_THAT(problems, ::testing::Each(IsEmpty()));
  std::set<int64_t> numbers;
  for (const std::vector<int64_t>& each : started) numbers.insert(each.begin(), each.end());
  EXPECT_EQ(numbers.size(), kServers * kEach);
  const Result<std::unique_ptr<PostgresStore>> store = Open();
  EXPECT_EQ((*(*store)->FindJob("a"))->last_trial_number,
            SomeJob("a").last_trial_number + static_cast<int64_t>(kServers * kEach));
  EXPECT_THAT(*FindBrokenInvariants(**store), IsEmpty());
}

TEST_F(PostgresStoreTest, AServerThatWasRestartedIsFoundAgainWithoutAnError) {
  const Result<std::unique_ptr<PostgresStore>> store = Open();
  ASSERT_THAT(Put(**store, SomeJob("a")), IsOk());
  server->Kill();
  ASSERT_THAT(server->Run(), IsOk());
  EXPECT_THAT(StartTrial(**store), IsOk());
}

TEST_F(PostgresStoreTest, AServerThatIsAwayIsToldAndFoundOnceItIsBack) {
  const Result<std::unique_ptr<PostgresStore>> store = Open();
  ASSERT_THAT(Put(**store, SomeJob("a")), IsOk());
  server->Kill();
  for (int i = 0; i < 2; ++i) {
    const Result<int64_t> refused = StartTrial(**store);
    EXPECT_THAT(refused, IsError(ErrorCode::kUnavailable, "database postgres at"));
  }
  EXPECT_THAT((*store)->FindJob("a"), IsError(ErrorCode::kUnavailable, ""));
  ASSERT_THAT(server->Run(), IsOk());
  EXPECT_EQ(*(*store)->FindJob("a"), SomeJob("a"));
  EXPECT_THAT(StartTrial(**store), IsOk());
}

TEST_F(PostgresStoreTest, ATransactionInWhichTheServerGoesAwayKeepsNothingAndTheRestOfItIsRefused) {
  const Result<std::unique_ptr<PostgresStore>> store = Open();
  ASSERT_THAT(Put(**store, SomeJob("a")), IsOk());
  const Result<void> done = (*store)->Atomically([&]() -> Result<void> {
    EXPECT_THAT((*store)->PutJob(SomeJob("b")), IsOk());
    server->Kill();
    EXPECT_THAT(server->Run(), IsOk());
    const Result<void> inner = (*store)->Atomically([&] { return (*store)->PutJob(SomeJob("c")); });
    EXPECT_THAT(inner, IsError(ErrorCode::kUnavailable, ""));
    // Were it made on a new connection, it would be kept at once.
    EXPECT_THAT((*store)->PutJob(SomeJob("d")), IsError(ErrorCode::kUnavailable, "not connected"));
    return {};
  });
  EXPECT_THAT(done, IsError(ErrorCode::kUnavailable, "nothing was kept"));
  EXPECT_EQ((*store)->ListJobs("", 10)->size(), 1U);
}

TEST_F(PostgresStoreTest, AServerThatHangsIsGivenUp) {
  const Result<std::unique_ptr<PostgresStore>> store =
      Open({.connect = std::chrono::seconds(2), .answer = std::chrono::milliseconds(300)});
  ASSERT_THAT(Put(**store, SomeJob("a")), IsOk());
  server->Send(SIGSTOP);
  const Result<int64_t> hung = StartTrial(**store);
  server->Send(SIGCONT);
  EXPECT_THAT(hung, IsError(ErrorCode::kUnavailable, "database postgres at"));
  server->Kill();  // What it may still have to say is of no interest.
  ASSERT_THAT(server->Run(), IsOk());
  EXPECT_THAT(StartTrial(**store), IsOk());
}

TEST_F(PostgresStoreTest, WhoDoesNothingInItsTurnLosesIt) {
  const Result<std::unique_ptr<PostgresStore>> sleeper = Open({.abandoned = std::chrono::milliseconds(100)});
  const Result<std::unique_ptr<PostgresStore>> other = Open();
  ASSERT_THAT(Put(**sleeper, SomeJob("a")), IsOk());
  const Result<void> slept = (*sleeper)->Atomically([&]() -> Result<void> {
    ZEUS_RETURN_IF_ERROR((*sleeper)->PutJob(SomeJob("b")));
    EXPECT_THAT(StartTrial(**other), IsOk());  // Waits for the turn.
    return {};
  });
  EXPECT_THAT(slept, IsError(ErrorCode::kUnavailable, ""));
  EXPECT_EQ(*(*sleeper)->FindJob("b"), std::nullopt);
}

TEST_F(PostgresStoreTest, AnIgnoredFailureIsNoCommit) {
  const Result<std::unique_ptr<PostgresStore>> store = Open();
  const Result<void> done = (*store)->Atomically([&]() -> Result<void> {
    EXPECT_THAT((*store)->PutJob(SomeJob("a")), IsOk());
    EXPECT_THAT((*store)->PutTrial(SomeTrial("b", 1)), IsError(ErrorCode::kFailedPrecondition, ""));
    return {};
  });
  EXPECT_THAT(done, IsError(ErrorCode::kUnavailable, "nothing was kept"));
  EXPECT_EQ(*(*store)->FindJob("a"), std::nullopt);
}

TEST_F(PostgresStoreTest, TextsThatItCannotKeepAreRefused) {
  const Result<std::unique_ptr<PostgresStore>> store = Open();
  EXPECT_THAT(Put(**store, SomeJob(std::string("a\0b", 3))), IsError(ErrorCode::kInvalidArgument, "NUL"));
  EXPECT_THAT(Put(**store, SomeJob("\xFF")), IsError(ErrorCode::kInvalidArgument, "encoding"));
  EXPECT_THAT((*store)->FindJob("\xFF"), IsError(ErrorCode::kInvalidArgument, "encoding"));
  EXPECT_THAT(*(*store)->ListJobs("", 10), IsEmpty());
}

TEST_F(PostgresStoreTest, TablesThatAreNotOursAreLeftAsTheyAre) {
  ASSERT_THAT(Execute("CREATE SCHEMA zeus; CREATE TABLE zeus.birds(name text)"), IsOk());
  EXPECT_THAT(Open(), IsError(ErrorCode::kInvalidData, "another program"));
  ASSERT_THAT(Execute("DROP TABLE zeus.birds"), IsOk());
  const Result<std::unique_ptr<PostgresStore>> old = Open();  // In the empty schema that it was given.
  ASSERT_THAT(old, IsOk());
  ASSERT_THAT(Execute("UPDATE zeus.schema_version SET version = 99"), IsOk());
  EXPECT_THAT(Open(), IsError(ErrorCode::kInvalidData, "newer program"));
  EXPECT_THAT(StartTrial(**old), IsError(ErrorCode::kUnavailable, "start this server anew"));
}

TEST_F(PostgresStoreTest, UrlsThatAreNoneAreToldWithoutTheirPassword) {
  for (const char* const url : {"mysql://zeus:secret@host/name", "postgresql://zeus:sec%ret@host/name",
                                "postgresql://zeus:secret@[host/name"}) {
    const Result<std::unique_ptr<PostgresStore>> opened = PostgresStore::Open(url);
    ASSERT_THAT(opened, IsError(ErrorCode::kInvalidArgument, "expected postgresql://"));
    EXPECT_THAT(opened.error().message, Not(HasSubstr("sec")));
  }
  std::string driver = server->Url();
  driver.insert(driver.find(':'), "+asyncpg");
  EXPECT_THAT(PostgresStore::Open(driver), IsOk());
  const Result<std::unique_ptr<PostgresStore>> nobody =
      PostgresStore::Open("postgresql://zeus:secret@127.0.0.1:1/name");
  ASSERT_THAT(nobody, IsError(ErrorCode::kUnavailable, "database name at 127.0.0.1:1: "));
  EXPECT_THAT(nobody.error().message, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace zeus::testing
