// The event `eval`, over the control socket of a daemon.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "integration/lisp/lisp_fixture.hpp"
#include "integration/support/await.hpp"
#include "integration/support/strangers.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class LispEvalTest : public LispTest {};

TEST_F(LispEvalTest, ReturnsTheValuesOfEachForm) {
    const RunningService service{lisp};

    const Object reply = service.call(
        "eval",
        {{"form", "(+ 1 2)"}, {"forms", Value::List{"(values 1 \"a\" :k)", "(values)", "(defvar *x* 7)", "*x*"}}});

    EXPECT_EQ(to_json(*reply.find("values")), R"([["3"],["1","\"a\"",":K"],[],["*X*"],["7"]])");
    EXPECT_EQ(*reply.find("output"), Value{""});
}

TEST_F(LispEvalTest, HelpAndCompletionShowTheVerbsOfLisp) {
    EXPECT_THAT(lisp.verb({"--help"}).out, AllOf(HasSubstr("\n  eval "), HasSubstr("\n  repl ")));
    EXPECT_THAT(shell("lisp-trial complete -- e").out, HasSubstr("eval\t"));
}

TEST_F(LispEvalTest, NoFormsReturnNoValues) {
    const RunningService service{lisp};

    EXPECT_EQ(to_json(service.call("eval")), R"({"values":[],"output":"","package":"COMMON-LISP-USER"})");
}

TEST_F(LispEvalTest, ReturnsTheCurrentPackageAtTheEnd) {
    const RunningService service{lisp};
    const auto package = [&](const Value::List& forms) {
        return *service.call("eval", {{"forms", forms}}).find("package");
    };

    EXPECT_EQ(package({"(defpackage \"a\\\"b\")", "(in-package \"a\\\"b\")"}), Value{"a\"b"});
    EXPECT_EQ(package({"(make-string 400000)", "(in-package \"SERVICE\")"}), Value{"SERVICE"});
    EXPECT_EQ(
        package({"(defpackage \"GONE\")", "(in-package \"GONE\")", "(cl:progn (cl:delete-package cl:*package*) 1)"}),
        Value{});
    EXPECT_EQ(*service.call("eval", {{"form", "(cl:package-name cl:*package*)"}, {"package", "a\"b"}}).find("package"),
              Value{"a\"b"});
}

TEST_F(LispEvalTest, AnErrorKeepsTheOutputAndTheEarlierValues) {
    const RunningService service{lisp};

    const Object error = service.call_in_vain(
        "eval", {{"forms", Value::List{"(values 1 2)", "(progn (princ \"so far\") (error \"boom\"))", "3"}}});

    EXPECT_EQ(to_json(*error.find("values")), R"([["1","2"]])");
    EXPECT_EQ(*error.find("output"), Value{"so far"});
    EXPECT_EQ(*error.find("form-index"), Value{1});
    EXPECT_FALSE(error.contains("place"));
}

TEST_F(LispEvalTest, CanBeInterruptedWhileItRuns) {
    const RunningService service{lisp};
    EXPECT_EQ(to_json(service.call("interrupt-eval")), R"({"interrupted":false})");
    RunningCommand call{lisp.command({"call", "eval", "form=(progn (princ 1) (loop))", "time-limit=600"})};
    service.await_busy("eval");
    await_state("there is something to interrupt",
                [&] { return *service.call("interrupt-eval").find("interrupted") == Value{true}; });

    EXPECT_THAT(call.finish().err, HasSubstr("cannot run 'eval': interrupted"));

    EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
}

TEST_F(LispEvalTest, AnErrorNamesThePlaceInALoadedFile) {
    const RunningService service{lisp};
    write_file(directory.file("bad.lisp"), "(+ 1 2)\n\n(error \"boom\")\n");

    const Object error = error_of(service, "(load \"" + directory.file("bad.lisp") + "\")");

    EXPECT_EQ(*error.find("place"), Value{directory.file("bad.lisp") + ", line 3"});
    EXPECT_EQ(*error.find("message"), Value{"boom"});
}

TEST_F(LispEvalTest, ReadsFormsInTheNamedPackage) {
    const RunningService service{lisp};

    const auto package = [&](const char* name) {
        const Object reply = service.call("eval", {{"form", "(package-name *package*)"}, {"package", name}});
        return reply.find("values")->as_list().at(0).as_list().at(0).as_string();
    };
    EXPECT_EQ(value_of(service, "(package-name *package*)"), R"("COMMON-LISP-USER")");
    EXPECT_EQ(package("service"), R"("SERVICE")");
    EXPECT_EQ(package("EXT"), R"("EXT")");
    const Object error = service.call_in_vain("eval", {{"form", "1"}, {"package", "no-such"}});
    EXPECT_EQ(*error.find("kind"), Value{"package"});
    EXPECT_THAT(error.find("message")->as_string(), HasSubstr("\"no-such\""));
}

TEST_F(LispEvalTest, ReturnsTheOutput) {
    const RunningService service{lisp};

    const Object reply = service.call(
        "eval", {{"form", "(progn (princ \"out\") (format *error-output* \" err żółw~%\") (warn \"careful\") 1)"}});

    EXPECT_THAT(reply.find("output")->as_string(), AllOf(HasSubstr("out err żółw\n"), HasSubstr("careful")));
}

TEST_F(LispEvalTest, UnicodeWorksInBothDirections) {
    const RunningService service{lisp};

    EXPECT_EQ(value_of(service, "(char-code (char \"😀\" 0))"), "128512");
    EXPECT_EQ(value_of(service, "(format nil \"~A\" \"żółć 日本 😀\")"), "\"żółć 日本 😀\"");
    EXPECT_EQ(value_of(service, "(string (code-char #xD800))"), "\"\xEF\xBF\xBD\"");
}

TEST_F(LispEvalTest, StandardInputIsEmpty) {
    const RunningService service{lisp};

    EXPECT_EQ(kind_of(service, "(read-line)"), "condition");
}

TEST_F(LispEvalTest, AConditionIsAnErrorWithAllDetails) {
    const RunningService service{lisp};
    service.call("eval", {{"form", "(defun outermost (x) (1+ (car x)))"}});

    const Object error = service.call_in_vain("eval", {{"form", "1"}, {"forms", Value::List{"(outermost 5)", "2"}}});

    EXPECT_EQ(*error.find("code"), Value{"event-error"});
    EXPECT_EQ(*error.find("event"), Value{"eval"});
    EXPECT_EQ(*error.find("kind"), Value{"condition"});
    EXPECT_EQ(*error.find("form-index"), Value{1});
    EXPECT_THAT(error.find("type")->as_string(), HasSubstr("TYPE-ERROR"));
    EXPECT_THAT(error.find("message")->as_string(), HasSubstr("5"));
    EXPECT_THAT(to_json(*error.find("backtrace")), HasSubstr("OUTERMOST"));
}

TEST_F(LispEvalTest, NamesTheCondition) {
    const RunningService service{lisp};
    const auto type = [&](const std::string& form) { return error_of(service, form).find("type")->as_string(); };

    EXPECT_EQ(type("(/ 1 0)"), "DIVISION-BY-ZERO");
    EXPECT_EQ(type("(error \"boom ~A\" 1)"), "SIMPLE-ERROR");
    EXPECT_EQ(type("(no-such-function 1)"), "UNDEFINED-FUNCTION");
    EXPECT_EQ(type("no-such-variable"), "UNBOUND-VARIABLE");
    EXPECT_EQ(kind_of(service, "(throw 'nothing 1)"), "condition");
    EXPECT_EQ(kind_of(service, "(break \"here\")"), "condition");
    EXPECT_EQ(kind_of(service, "(invoke-debugger (make-condition 'error))"), "condition");
    EXPECT_EQ(value_of(service, "(handler-case (error \"x\") (error () :handled))"), ":HANDLED");
    EXPECT_EQ(value_of(service, "(signal 'error)"), "NIL");
}

TEST_F(LispEvalTest, TextThatIsNotAFormIsReported) {
    const RunningService service{lisp};

    for (const char* text : {"(", "(+ 1 2", ")", "#<foo>", "nopackage:foo", "ext:no-such-thing", "", "1 2", "(+ 1 2))",
                             "\"no end", "|no end", "#\\NoSuchName", "'", "(1 . )", "#.(error \"x\")", "#+", "#1#"})
        EXPECT_EQ(kind_of(service, text), "read") << text;
    EXPECT_EQ(*error_of(service, "(+ 1").find("type"), Value{"END-OF-FILE"});
    EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
}

TEST_F(LispEvalTest, ArgumentsAreChecked) {
    const RunningService service{lisp};

    EXPECT_EQ(*service.call_in_vain("eval", {{"forms", Value::List{1}}}).find("code"), Value{"bad-argument"});
    EXPECT_EQ(*service.call_in_vain("eval", {{"time-limit", 0}}).find("code"), Value{"bad-argument"});
    EXPECT_EQ(*service.call_in_vain("eval", {{"from", "1"}}).find("code"), Value{"bad-argument"});
}

TEST_F(LispEvalTest, EachUseIsLoggedWithCallerAndFormsAtAnyLevel) {
    const RunningService service{lisp, {"--log-level", "warning"}};

    value_of(service, "(+ 4711 2)");

    EXPECT_THAT(lisp.log(), AllOf(HasSubstr("event 'eval'"), HasSubstr("(+ 4711 2)"),
                                  HasSubstr("uid " + std::to_string(::getuid()) + ", pid ")));
}

TEST_F(LispEvalTest, OnlyTheServicesUserAndRootMayEvaluate) {
    if (!is_root()) GTEST_SKIP() << "needs root, to be somebody else";
    lisp.add_options({"--control-mode", "0666", "--control-admin", "everyone", "--control-owner", "1"});
    const RunningService service{lisp};
    ::chmod(directory.path().c_str(), 0755);

    const Command ask{.arguments = {"socat", "-", "unix-connect:" + lisp.control_socket()},
                      .input = R"-(["eval",{"form":"(+ 1 2)"}])-"};
    constexpr uid_t socket_owner = 1;
    for (const uid_t user : {stranger, socket_owner}) {
        const Outcome refused = run_command(as_user({.user = user, .group = user}, ask));
        EXPECT_THAT(refused.out, AllOf(HasSubstr(R"("code":"not-allowed")"), HasSubstr(R"("needs":"owner")"))) << user;
    }
    EXPECT_EQ(value_of(service, "(+ 1 2)"), "3");
    EXPECT_THAT(to_json(service.call("events")), HasSubstr(R"("needs":"owner")"));
}

TEST_F(LispEvalTest, ACppHandlerCatchesACondition) {
    const RunningService service{lisp};

    EXPECT_EQ(to_json(service.call("eval-in-cpp", {{"form", "(* 6 7)"}})), R"({"value":"42"})");
    EXPECT_EQ(to_json(service.call("eval-in-cpp", {{"form", "(/ 1 0)"}})), R"({"caught":"DIVISION-BY-ZERO"})");
}

TEST_F(LispEvalTest, SourceIsReadOneFormAtATime) {
    const RunningService service{lisp};

    EXPECT_EQ(to_json(service.call("in-lisp")), R"({"twice":42})");
    EXPECT_EQ(to_json(service.call("in-lisp")), R"({"twice":42})");
}

}  // namespace
}  // namespace servicekit::test
