// The verb `call`: it triggers any event from the command line.
#include <string>

#include "integration/support/proc_path.hpp"
#include "integration/support/service_test.hpp"
#include "integration/support/text_file.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CallTest : public RunningTrialTest {
protected:
    void TearDown() override {
        EXPECT_FALSE(service->has_ended());
        RunningTrialTest::TearDown();
    }

    [[nodiscard]] Outcome call(Strings arguments) const {
        arguments.insert(arguments.begin(), "call");
        return trial.verb(arguments);
    }
};

TEST_F(CallTest, ArgumentsGetTheDeclaredTypes) {
    const Outcome reply = call({"echo", "string=7", "integer=7", "number=1.5", "boolean=true", "list=[1,\"two\"]",
                                "object={\"three\":3}", "path=some/where"});

    EXPECT_EQ(reply.exit_code, 0) << reply;
    EXPECT_EQ(reply.out, R"({"string":"7","integer":7,"number":1.5,"boolean":true,"path":")" +
                             directory.file("some/where") + "\",\"list\":[1,\"two\"],\"object\":{\"three\":3}}\n");
    EXPECT_THAT(reply.err, IsEmpty());
}

TEST_F(CallTest, ArgumentsCanBeJson) {
    const Outcome reply = call({"echo", "integer=7", "--json", R"({"string":"text","list":[]})"});

    EXPECT_EQ(reply.out, "{\"string\":\"text\",\"integer\":7,\"list\":[]}\n") << reply;
}

TEST_F(CallTest, AnArgumentOfTheWrongTypeIsNotSent) {
    const Outcome reply = call({"echo", "integer=seven"});

    EXPECT_EQ(reply.exit_code, 64);
    EXPECT_THAT(reply.err, AllOf(HasSubstr("'integer=seven'"), HasSubstr("expected an integer")));
    EXPECT_THAT(trial.log(), Not(HasSubstr("event 'echo'")));
}

TEST_F(CallTest, AValueCanComeFromAFileOrStdin) {
    write_file(directory.file("secret"), "hunter2\n");

    const Outcome of_file = call({"login", "password:=@" + directory.file("secret")});
    EXPECT_EQ(of_file.out, "{\"letters\":7}\n") << of_file;

    Command command = trial.command({"call", "login", "password:=-"});
    command.input = "hunter22\n";
    EXPECT_EQ(run_command(command).out, "{\"letters\":8}\n");

    command = trial.command({"call", "login", "--json", "-"});
    command.input = R"({"password": "hunter"})";
    EXPECT_EQ(run_command(command).out, "{\"letters\":6}\n");
    EXPECT_THAT(trial.log(), Not(HasSubstr("hunter")));
    EXPECT_THAT(trial.log(), Not(HasSubstr(directory.file("secret"))));
}

TEST_F(CallTest, AValueCanComeFromAPipeOfTheShell) {
    EXPECT_EQ(shell("printf hunter2 | trial-service call login password:=@/dev/stdin --run-directory \"$RUN\"").out,
              "{\"letters\":7}\n");
}

TEST_F(CallTest, ASecretFromAFifoIsAwaited) {
    const std::string fifo = directory.file("fifo");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    RunningCommand login{trial.command({"call", "login", "password:=@" + fifo})};
    await_state("it reads the FIFO", [&] { return has_open(login.pid(), fifo) || login.has_ended(); });
    ASSERT_FALSE(login.has_ended());

    write_file(fifo, "hunter2\n");

    EXPECT_EQ(login.finish().out, "{\"letters\":7}\n");
}

TEST_F(CallTest, AFileLargerThanOneMebibyteIsNotSent) {
    write_file(directory.file("big"), std::string((std::size_t{1} << 20U) + 1, 'x'));

    const Outcome reply = call({"login", "password:=@" + directory.file("big")});

    EXPECT_EQ(reply.exit_code, 71) << reply;
    EXPECT_THAT(reply.err, HasSubstr("it is larger than 1048576 bytes"));
    EXPECT_EQ(call({"login", "password:=@" + directory.file("missing")}).exit_code, 71);
    EXPECT_THAT(trial.log(), Not(HasSubstr("event 'login'")));
}

TEST_F(CallTest, InvalidUtf8IsNotSent) {
    const Outcome reply = call({"note", "text=h\xF6her"});

    EXPECT_EQ(reply.exit_code, 64) << reply;
    EXPECT_THAT(reply.err, HasSubstr("the argument 'text' has no form in JSON: it is not UTF-8"));
}

TEST_F(CallTest, AReplyThatIsNotJsonIsAnErrorThatNamesTheField) {
    const Object number = service->call_in_vain("no-json");
    EXPECT_EQ(*number.find("code"), Value{"event-error"});
    EXPECT_EQ(*number.find("field"), Value{"/load/1"});
    EXPECT_EQ(*service->call_in_vain("no-json", {{"what", "bytes"}}).find("field"), Value{"/name"});
    EXPECT_EQ(call({"no-json"}).exit_code, 1);
}

TEST_F(CallTest, EvalAndReplReportThatThereIsNoLisp) {
    for (const auto& verb : {Strings{"repl"}, Strings{"eval", "1"}}) {
        const Outcome outcome = trial.verb(verb);

        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_THAT(outcome.err, HasSubstr("this service was built without Lisp support"));
    }
}

TEST_F(CallTest, HelpAndCompletionOmitLispVerbsWithoutLisp) {
    EXPECT_THAT(trial.verb({"--help"}).out,
                AllOf(HasSubstr("\n  call "), Not(HasSubstr("\n  eval ")), Not(HasSubstr("\n  repl "))));
    EXPECT_THAT(shell("trial-service complete -- ''").out,
                AllOf(HasSubstr("call\t"), Not(HasSubstr("eval\t")), Not(HasSubstr("repl\t"))));
}

TEST_F(CallTest, AnArgumentGivenTwiceIsNotSent) {
    EXPECT_EQ(call({"echo", "integer=1", "integer=2"}).exit_code, 64);
    EXPECT_EQ(call({"echo", "integer=1", "--json", R"({"integer":2})"}).exit_code, 64);
}

TEST_F(CallTest, AMissingEventIsACommandLineError) { EXPECT_EQ(call({}).exit_code, 64); }

TEST_F(CallTest, AnUnknownEventIsReportedWithTheNearestName) {
    const Outcome reply = call({"ecko"});

    EXPECT_EQ(reply.exit_code, 1);
    EXPECT_THAT(reply.out, IsEmpty());
    EXPECT_THAT(reply.err,
                AllOf(HasSubstr("there is no event 'ecko'; did you mean 'echo'?"), HasSubstr("(event-not-found)")));
}

TEST_F(CallTest, AnUnknownArgumentIsAnErrorReply) {
    const Outcome reply = call({"echo", "colour=red"});

    EXPECT_EQ(reply.exit_code, 1);
    EXPECT_THAT(reply.err, AllOf(HasSubstr("colour"), HasSubstr("(bad-argument)")));
}

TEST_F(CallTest, AMissingArgumentIsAnErrorReply) {
    const Outcome reply = call({"sleep"});

    EXPECT_EQ(reply.exit_code, 1);
    EXPECT_THAT(reply.err, AllOf(HasSubstr("seconds"), HasSubstr("(bad-argument)")));
}

TEST_F(CallTest, AnExceptionInAHandlerIsAnErrorReplyAndIsLogged) {
    const Outcome reply = call({"throw"});

    EXPECT_EQ(reply.exit_code, 1);
    EXPECT_THAT(reply.out, IsEmpty());
    EXPECT_EQ(reply.err, "trial-service: cannot run 'throw': thrown on purpose (event-error)\n");
    EXPECT_THAT(trial.log(), HasSubstr("event 'throw' failed: thrown on purpose"));
}

TEST_F(CallTest, AnyThrownTypeIsAnErrorReply) {
    const Outcome reply = call({"throw", "what=int"});

    EXPECT_EQ(reply.exit_code, 1);
    EXPECT_THAT(reply.err, HasSubstr("(event-error)"));
    EXPECT_EQ(call({"throw", "what=none"}).out, "{}\n");
}

TEST_F(CallTest, ATimeoutIsAnError) {
    const Outcome reply = call({"sleep", "seconds=3600", "--timeout", "0.3"});

    EXPECT_EQ(reply.exit_code, 1);
    EXPECT_THAT(reply.err, HasSubstr("(timeout)"));
}

TEST_F(CallTest, AcceptsALongReply) {
    const Outcome reply = call({"big-reply", "bytes=5000000"});

    EXPECT_EQ(reply.exit_code, 0);
    EXPECT_EQ(reply.out.size(), 5'000'000 + std::string{"{\"text\":\"\"}\n"}.size());
}

TEST_F(CallTest, ASecretIsNotLogged) {
    EXPECT_EQ(call({"echo", "string=open", "secret=hush"}).exit_code, 0);

    await_text_in(trial.log_file(), "open");
    EXPECT_THAT(trial.log(), Not(HasSubstr("hush")));
}

TEST_F(CallTest, ABarOnATerminalShowsTheProgress) {
    const std::string line = "trial-service call progress steps=3 --run-directory $RUN";

    const Outcome on_terminal = shell("TERM=xterm script -qefc '" + line + "' /dev/null");
    const Outcome elsewhere = shell(line);

    EXPECT_THAT(on_terminal.out, AllOf(HasSubstr("step 1"), HasSubstr("step 3")));
    EXPECT_EQ(elsewhere.out + elsewhere.err, "{\"steps\":3}\n");
}

TEST_F(CallTest, APathInJsonIsResolvedInTheCallersDirectory) {
    const Outcome reply = call({"echo", "--json", R"({"path":"some/where","string":"some/where"})"});

    EXPECT_EQ(reply.out, R"({"string":"some/where","path":")" + directory.file("some/where") + "\"}\n") << reply;
}

}  // namespace
}  // namespace servicekit::test
