#include <cerrno>
#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/base/json.hpp"
#include "unit/cli/program_fixture.hpp"

namespace servicekit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EvalVerbTest : public ProgramFixture {
protected:
    EvalVerbTest() {
        start_instance();
        replies["eval"] = R"({"values":[["3"],["4","5"]],"output":"printed"})";
    }
};

TEST_F(EvalVerbTest, PrintsTheOutputAndTheValues) {
    EXPECT_EQ(run({"eval", "(+ 1 2)", "(values 4 5)"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"-(["eval",{"forms":["(+ 1 2)","(values 4 5)"]}])-"));
    EXPECT_EQ(out(), "printed\n3\n4\n5\n");
}

TEST_F(EvalVerbTest, PassesOnThePackageAndTheTimeLimit) {
    EXPECT_EQ(run({"eval", "x", "--package", "APP", "--timeout", "2.5"}), 0);
    EXPECT_THAT(instance->requests, ElementsAre(R"(["eval",{"forms":["x"],"package":"APP","time-limit":2.5}])"));
}

TEST_F(EvalVerbTest, ReportsTheError) {
    replies["eval"] = R"({"error":{"code":"event-error","message":"boom","kind":"condition","type":"SIMPLE-ERROR"}})";
    EXPECT_EQ(run({"eval", "(error \"boom\")"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot evaluate the form: boom (SIMPLE-ERROR)\n");
    EXPECT_EQ(run({"eval"}), 64);
    EXPECT_THAT(error(), HasSubstr("which form?"));
}

TEST_F(EvalVerbTest, ReportsTheFailedFormAndTheEarlierValues) {
    replies["eval"] = R"({"error":{"code":"event-error","message":"boom","kind":"condition","type":"SIMPLE-ERROR",)"
                      R"("form-index":1,"values":[["3"]],"output":"so far","place":"/app.lisp, line 3"}})";
    EXPECT_EQ(run({"eval", "(+ 1 2)", "(load \"/app.lisp\")"}), 1);
    EXPECT_EQ(out(), "so far\n3\n");
    EXPECT_EQ(error(), "just-another-server: cannot evaluate form 2: /app.lisp, line 3: boom (SIMPLE-ERROR)\n");
}

TEST_F(EvalVerbTest, AnErrorOutsideLispIsReportedAsForAnyEvent) {
    replies["eval"] = R"({"error":{"code":"not-allowed","message":"only the owner may","needs":"owner"}})";
    EXPECT_EQ(run({"eval", "1"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot run 'eval': only the owner may (not-allowed)\n");
}

TEST_F(EvalVerbTest, ReportsThatTheServiceHasNoLisp) {
    replies["eval"] = R"({"error":{"code":"event-not-found","message":"there is no event 'eval'","event":"eval"}})";
    EXPECT_EQ(run({"eval", "1"}), 1);
    EXPECT_EQ(error(), "just-another-server: cannot evaluate the form: this service was built without Lisp support\n");
}

TEST_F(EvalVerbTest, AfterTwoDashesAllArgumentsAreForms) {
    EXPECT_EQ(run({"eval", "--", "-5", "--package"}), 0) << error();
    EXPECT_THAT(instance->requests, ElementsAre(R"(["eval",{"forms":["-5","--package"]}])"));
    EXPECT_EQ(run({"--", "status"}), 64);
}

/// A user types at `repl`, and the service answers each request with the next entry of `answers`.
class ReplVerbTest : public ProgramFixture {
protected:
    ReplVerbTest() {
        start_instance();
        replies["events"] = R"({"events":[{"name":"eval"}]})";
        on_request = [this](const std::string& event) {
            if (event == "events") return;
            if (answers.empty()) {
                replies.clear();
                return end_instance_after(std::chrono::milliseconds{1});
            }
            replies["eval"] = answers.front();
            answers.pop_front();
        };
    }

    int type(const std::vector<std::string>& lines, std::vector<std::string> arguments = {}) {
        for (const std::string& line : lines) host.line_readers.type(line);
        tools.make_line_reader = [this] { return host.line_readers.make(); };
        arguments.insert(arguments.begin(), "repl");
        return run(std::move(arguments));
    }
    /// Returns the requests that followed the reply that the service has Lisp.
    [[nodiscard]] std::vector<std::string> evaluations() const {
        std::vector<std::string> asked = instance->requests;
        std::erase_if(asked, [](const std::string& request) { return request.starts_with(R"(["events")"); });
        return asked;
    }
    [[nodiscard]] const std::vector<std::string>& prompts() const { return host.line_readers.prompts(); }
    /// Returns the reply for a form: its values, and the current package of the service after it.
    static std::string values(const std::string& value, const std::string& package = "COMMON-LISP-USER") {
        return R"({"values":[[")" + value + R"("]],"output":"","package":)" + to_json(Value{package}) + "}";
    }
    static std::string error(const std::string& kind, const std::string& type, const std::string& message) {
        return R"({"error":{"code":"event-error","kind":")" + kind + R"(","type":")" + type + R"(","message":")" +
               message + R"("}})";
    }
    static std::string unfinished() { return error("read", "END-OF-FILE", "unexpected end of file"); }
    using ProgramFixture::error;

    std::deque<std::string> answers;
};

TEST_F(ReplVerbTest, EvaluatesOneLineAtATimeUntilTheEnd) {
    answers = {values("3"), values("7")};

    EXPECT_EQ(type({"(+ 1 2)", "", "7"}), 0);

    EXPECT_EQ(out(), "3\n7\n");
    EXPECT_THAT(evaluations(), ElementsAre(R"-(["eval",{"forms":["(+ 1 2)\n"],"package":"COMMON-LISP-USER"}])-",
                                           R"-(["eval",{"forms":["7\n"],"package":"COMMON-LISP-USER"}])-"));
    EXPECT_THAT(prompts(),
                ElementsAre("COMMON-LISP-USER> ", "COMMON-LISP-USER> ", "COMMON-LISP-USER> ", "COMMON-LISP-USER> "));
}

TEST_F(ReplVerbTest, AFormMaySpanSeveralLines) {
    answers = {unfinished(), values("(1 2)")};

    EXPECT_EQ(type({"(list 1", "2)"}), 0);

    EXPECT_EQ(out(), "(1 2)\n");
    EXPECT_EQ(error(), "");
    EXPECT_THAT(evaluations().at(1), HasSubstr(R"("(list 1\n2)\n")"));
    EXPECT_THAT(prompts(), ElementsAre("COMMON-LISP-USER> ", "... ", "COMMON-LISP-USER> "));
}

TEST_F(ReplVerbTest, AFormThatChangesThePackageChangesThePrompt) {
    answers = {values("#<APP>", "APP"), values("1", "APP")};

    EXPECT_EQ(type({"(in-package \"APP\")", "x"}), 0);

    EXPECT_THAT(prompts(), ElementsAre("COMMON-LISP-USER> ", "APP> ", "APP> "));
    EXPECT_THAT(evaluations().at(1), HasSubstr(R"("package":"APP")"));
}

TEST_F(ReplVerbTest, APackageMayHaveAnyName) {
    answers = {values("1", "a\"b"), values("1", "a\"b")};

    EXPECT_EQ(type({"1", "2"}), 0);

    EXPECT_EQ(prompts().back(), "a\"b> ");
    EXPECT_THAT(evaluations().at(1), HasSubstr(R"("package":"a\"b")"));
}

TEST_F(ReplVerbTest, AfterThePackageIsDeletedItUsesTheFirst) {
    answers = {values("1", "APP"), R"({"values":[["T"]],"output":"","package":null})",
               error("package", "PACKAGE-NOT-FOUND", "no package"), values("1")};

    EXPECT_EQ(type({"(in-package \"APP\")", "(delete-package \"APP\")", "1", "1"}), 0);

    EXPECT_THAT(prompts(),
                ElementsAre("COMMON-LISP-USER> ", "APP> ", "APP> ", "COMMON-LISP-USER> ", "COMMON-LISP-USER> "));
    EXPECT_THAT(evaluations().at(3), HasSubstr(R"("package":"COMMON-LISP-USER")"));
}

TEST_F(ReplVerbTest, CtrlCDropsTheUnfinishedForm) {
    answers = {unfinished(), values("7")};
    on_request = [this, answer = on_request](const std::string& request) {
        answer(request);
        if (evaluations().size() == 1) host.line_readers.interrupt();
    };

    EXPECT_EQ(type({"(list 1", "7"}), 0);

    EXPECT_EQ(out(), "7\n");
    EXPECT_THAT(evaluations().at(1), HasSubstr(R"("forms":["7\n"])"));
    EXPECT_THAT(prompts(), ElementsAre("COMMON-LISP-USER> ", "... ", "COMMON-LISP-USER> ", "COMMON-LISP-USER> "));
}

TEST_F(ReplVerbTest, CtrlCWhileAFormRunsInterruptsIt) {
    instance.reset();
    instance.emplace(host, control_socket, [this](const std::string& request) -> std::vector<ScriptedService::Piece> {
        if (request.starts_with(R"(["events")")) return {{"{\"events\":[{\"name\":\"eval\"}]}\n"}};
        if (request.find("interrupt-eval") != std::string::npos) return {{"{\"interrupted\":true}\n"}};
        host.line_readers.interrupt();
        return {{error("timeout", "TIMEOUT", "interrupted") + "\n", std::chrono::seconds{1}}};
    });

    EXPECT_EQ(type({"(loop)"}), 0);

    EXPECT_THAT(evaluations(), ElementsAre(HasSubstr("(loop)"), R"(["interrupt-eval",{},{"timeout":5}])"));
    EXPECT_EQ(error(), "just-another-server: interrupted (TIMEOUT)\n");
}

TEST_F(ReplVerbTest, StopsWaitingForAFormThatCannotBeInterrupted) {
    on_request = [this](const std::string& event) {
        if (event == "eval" && evaluations().size() == 1) return host.line_readers.interrupt();
        if (event == "eval") replies["eval"] = values("7");
    };
    replies = {{"interrupt-eval", R"({"interrupted":false})"}};

    EXPECT_EQ(type({"(loop)", "7"}), 0);

    EXPECT_EQ(error(),
              "just-another-server: the form runs on until its time is up; what is typed now waits for that\n");
    EXPECT_EQ(out(), "7\n");
}

TEST_F(ReplVerbTest, StartsInTheRequestedPackage) {
    answers = {values("1", "APP")};

    EXPECT_EQ(type({"x"}, {"--package", "APP", "--timeout", "2.5"}), 0);

    EXPECT_EQ(prompts().front(), "APP> ");
    EXPECT_THAT(evaluations().at(0), HasSubstr(R"("package":"APP","time-limit":2.5)"));
}

TEST_F(ReplVerbTest, AnErrorIsShownAndTheNextFormIsRead) {
    answers = {error("condition", "DIVISION-BY-ZERO", "no division"), values("1")};

    EXPECT_EQ(type({"(/ 1 0)", "1"}), 0);

    EXPECT_EQ(error(), "just-another-server: no division (DIVISION-BY-ZERO)\n");
    EXPECT_EQ(out(), "1\n");
}

TEST_F(ReplVerbTest, TheOutputOfAFailedFormIsShown) {
    answers = {R"({"error":{"code":"event-error","kind":"condition","type":"SIMPLE-ERROR","message":"boom",)"
               R"("values":[],"output":"so far"}})"};

    EXPECT_EQ(type({"(print-and-fail)"}), 0);

    EXPECT_EQ(out(), "so far\n");
}

TEST_F(ReplVerbTest, AnErrorOutsideLispEndsIt) {
    answers = {R"({"error":{"code":"not-allowed","message":"only the owner may","needs":"owner"}})"};

    EXPECT_EQ(type({"1", "2"}), 1);

    EXPECT_EQ(error(), "just-another-server: only the owner may (not-allowed)\n");
    EXPECT_EQ(evaluations().size(), 1U);
}

TEST_F(ReplVerbTest, TheEndOfInputWithinAFormIsAnError) {
    answers = {unfinished(), unfinished()};

    EXPECT_EQ(type({"(list 1", "2"}), 1);

    EXPECT_EQ(error(), "just-another-server: the last form has no end: (list 1\n");
}

TEST_F(ReplVerbTest, ReportsThatTheServiceIsGone) {
    answers = {values("1")};

    EXPECT_EQ(type({"1", "2", "3"}), 71);

    EXPECT_EQ(out(), "1\n");
    EXPECT_THAT(error(), HasSubstr("just-another-server: cannot get a reply to 'eval' from '/run/"));
}

TEST_F(ReplVerbTest, AServiceWithoutLispIsReportedBeforeThePrompt) {
    replies["events"] = R"({"events":[{"name":"status"}]})";

    EXPECT_EQ(type({}), 1);

    EXPECT_EQ(error(), "just-another-server: this service was built without Lisp support\n");
    EXPECT_THAT(prompts(), IsEmpty());
}

TEST_F(ReplVerbTest, WorksWithoutTheRightToListEvents) {
    replies["events"] = R"({"error":{"code":"not-allowed","message":"no"}})";
    answers = {values("3")};

    EXPECT_EQ(type({"(+ 1 2)"}), 0);

    EXPECT_EQ(out(), "3\n");
}

TEST_F(ReplVerbTest, NeedsARunningService) {
    end_instance();

    EXPECT_EQ(type({"1"}), 7);

    EXPECT_THAT(prompts(), IsEmpty());
}

TEST_F(ReplVerbTest, ReportsThatItCannotRead) {
    host.line_readers.failures().fail_next("read_line", EIO);

    EXPECT_EQ(type({"1"}), 71);

    EXPECT_THAT(error(), HasSubstr("cannot read 'stdin': Input/output error"));
}

}  // namespace
}  // namespace servicekit::cli
