// Load code and handlers in Lisp, in a service that goes to the background.
#include <csignal>
#include <filesystem>
#include <string>

#include "integration/lisp/lisp_fixture.hpp"
#include "integration/support/strangers.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class LispLoadTest : public LispTest {
protected:
    void load_script(const std::string& source) {
        write_file(script, source);
        lisp.add_variable("LISP_TRIAL_SCRIPT", script);
    }

    std::string script = directory.file("script.lisp");
};

/// The script is the only configuration: there are no options.
class LispScriptTest : public ServiceTest {
protected:
    LispScriptTest() {
        write_file(directory.file("script.lisp"), R"-((setf (service:name) "scripted"
                                                          (service:run-directory) "there"
                                                          (service:setting "log-file") "scripted.log"))-");
    }
    [[nodiscard]] Outcome verb(const std::string& arguments) const {
        return shell("lisp-trial " + arguments, {{"LISP_TRIAL_SCRIPT", "script.lisp"}});
    }
    [[nodiscard]] std::string value_of(const std::string& form) const { return verb("eval '" + form + "'").out; }
};

TEST_F(LispScriptTest, SetsTheNameAndThePlaceOfTheDaemon) {
    const Outcome started = verb("start");
    EXPECT_EQ(started.exit_code, 0) << started;
    const std::string pid = read_file(directory.file("there/scripted.pid"));

    EXPECT_EQ(value_of("(service:name)"), "\"scripted\"\n");
    EXPECT_EQ(value_of("(getf (service:status) :pid)"), pid);
    EXPECT_EQ(value_of("(getf (service:status) :control-socket)"),
              "\"" + directory.file("there/scripted.control") + "\"\n");
    EXPECT_EQ(verb("call eval-in-cpp form='(* 6 7)'").out, "{\"value\":\"42\"}\n");
    EXPECT_THAT(read_file(directory.file("scripted.log")), HasSubstr("scripted["));

    EXPECT_EQ(verb("stop").exit_code, 0);
    EXPECT_FALSE(std::filesystem::exists(directory.file("there/scripted.control")));
    EXPECT_EQ(verb("status").exit_code, 3);
}

TEST_F(LispScriptTest, IsLoadedAgainByARestart) {
    EXPECT_EQ(verb("start").exit_code, 0);
    const std::string first = read_file(directory.file("there/scripted.pid"));
    EXPECT_EQ(value_of("(setf cl-user::*forgotten* 1)"), "1\n");
    write_file(directory.file("script.lisp"), read_file(directory.file("script.lisp")) + "(defvar cl-user::*new* 2)");

    const Outcome restarted = verb("restart");

    EXPECT_EQ(restarted.exit_code, 0) << restarted;
    EXPECT_NE(read_file(directory.file("there/scripted.pid")), first);
    EXPECT_EQ(value_of("(list (boundp (quote cl-user::*forgotten*)) cl-user::*new*)"), "(NIL 2)\n");
    EXPECT_EQ(verb("stop").exit_code, 0);
}

TEST_F(LispScriptTest, AScriptThatDoesNotLoadKeepsTheServiceAtARestart) {
    EXPECT_EQ(verb("start").exit_code, 0);
    write_file(directory.file("script.lisp"),
               read_file(directory.file("script.lisp")) + "(unless (service:client-p) (error \"not ~A\" :again))");

    const Outcome restarted = verb("restart");

    EXPECT_EQ(restarted.exit_code, 78) << restarted;
    EXPECT_THAT(restarted.err, HasSubstr("script.lisp, line 3: not AGAIN (SIMPLE-ERROR)"));
    EXPECT_EQ(value_of("(+ 40 2)"), "42\n");
    EXPECT_EQ(verb("stop").exit_code, 0);
}

TEST_F(LispLoadTest, AConditionInTheScriptIsReportedByTheStart) {
    load_script("(defvar *a* 1)\n(error \"no such ~A as ~D\" :thing *a*)\n");
    for (const auto& [source, message] : std::vector<std::pair<const char*, const char*>>{
             {"(error \"no such ~A as ~D\" :thing 1)", "no such THING as 1"},
             {"(let ((x 1)) (car x))", "1"},
             {"(list 1", "end of file"},
             {"(no-such-package:foo)", "NO-SUCH-PACKAGE"},
             {"(ext:quit 0)", "end the process"}}) {
        write_file(script, source);

        const Outcome started = lisp.verb({"start"});

        EXPECT_EQ(started.exit_code, 78) << source << started;
        EXPECT_THAT(started.err, AllOf(HasSubstr("cannot load the configuration: "), HasSubstr(message))) << source;
        EXPECT_FALSE(std::filesystem::exists(lisp.control_socket()));
    }
}

TEST_F(LispLoadTest, TheFormThatFailedIsNamedByFileAndLine) {
    load_script("(defvar *a* 1)\n\n; żółw\n(defvar *b* 2)\n;; and\n\n(error \"boom\")\n");

    EXPECT_THAT(lisp.verb({"start"}).err,
                HasSubstr("cannot load the configuration: " + script + ", line 7: boom (SIMPLE-ERROR)"));

    const std::string other = directory.file("other.lisp");
    write_file(other, "1\n(car 2)\n");
    write_file(script, "(load \"" + other + "\")");
    EXPECT_THAT(lisp.verb({"start"}).err, HasSubstr(other + ", line 2: "));
}

TEST_F(LispLoadTest, AFailedFormOfASourceIsNamedByItsNumber) {
    lisp.add_variable("LISP_TRIAL_ON_LOAD", "(defvar *a* 1) (error \"boom\")");

    EXPECT_THAT(lisp.verb({"start"}).err, HasSubstr("cannot load the configuration: form 2: boom (SIMPLE-ERROR)"));
}

TEST_F(LispLoadTest, OutputOfAScriptBeforeItFailedIsLogged) {
    load_script("(print \"so far so good\")");
    const RunningService service{lisp};
    write_file(script, "(princ \"half way there\") (error \"boom\")");

    service.call_in_vain("reload");

    EXPECT_THAT(lisp.log(), HasSubstr("half way there"));
}

TEST_F(LispLoadTest, AMissingScriptIsNamed) {
    lisp.add_variable("LISP_TRIAL_SCRIPT", script);

    const Outcome started = lisp.verb({"start"});

    EXPECT_EQ(started.exit_code, 78) << started;
    EXPECT_THAT(started.err, HasSubstr(script));
}

TEST_F(LispLoadTest, AFailedReloadChangesNothing) {
    load_script("(setf (service:setting \"log-level\") \"warning\")");
    const RunningService service{lisp};
    write_file(script, "(setf (service:setting \"log-level\") \"debug\") (error \"half way\")");

    const Object error = service.call_in_vain("reload");

    EXPECT_THAT(error.find("message")->as_string(), HasSubstr("half way"));
    EXPECT_EQ(*service.call("log-level").find("level"), Value{"warning"});
}

TEST_F(LispLoadTest, TheLoadEventMayBeAString) {
    lisp.add_variable("LISP_TRIAL_ON_LOAD", "(setf (service:setting \"log-level\") \"warning\") nil");
    const RunningService service{lisp};

    EXPECT_EQ(*service.call("log-level").find("level"), Value{"warning"});
}

TEST_F(LispLoadTest, TheUserCanNotBeChangedOnceLispHasThreads) {
    if (!is_root()) GTEST_SKIP() << "needs root, to become somebody else";
    load_script("(defvar *a* 1)");

    for (const Strings& options : {Strings{"start", "--user", "nobody"}, Strings{"start", "--no-new-privileges"}}) {
        const Outcome started = lisp.verb(options);

        EXPECT_EQ(started.exit_code, 77) << started;
        EXPECT_THAT(started.err, HasSubstr("threads")) << options[1];
    }
}

TEST_F(LispLoadTest, TheStopEventMayBeLisp) {
    lisp.configure_app({{"on-stop", "(service:log :info \"farewell from ~A\" (service:name))"}});
    RunningService service{lisp};

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_THAT(lisp.log(), HasSubstr("farewell from lisp-trial"));
}

TEST_F(LispLoadTest, AStopEventInLispThatFailsIsReported) {
    lisp.configure_app({{"on-stop", "(error \"no farewell\")"}});
    RunningService service{lisp};

    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 70);
    EXPECT_THAT(lisp.log(), HasSubstr("no farewell"));
}

}  // namespace
}  // namespace servicekit::test
