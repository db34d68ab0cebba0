// The package SERVICE: how Lisp uses its service.
#include <csignal>
#include <string>
#include <string_view>

#include "integration/lisp/lisp_fixture.hpp"
#include "integration/support/await.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

using testing::HasSubstr;

class LispServicePackageTest : public LispTest {};

TEST_F(LispServicePackageTest, ReturnsTheStateOfTheService) {
    const RunningService service{lisp};

    EXPECT_EQ(value_of(service, "(service:name)"), "\"lisp-trial\"");
    EXPECT_EQ(value_of(service, "(service:run-directory)"), "\"" + lisp.run_directory() + "\"");
    EXPECT_EQ(value_of(service, "(service:setting \"log-level\")"), "\"info\"");
    EXPECT_EQ(value_of(service, "(getf (service:status) :pid)"), std::to_string(service.pid()));
    EXPECT_EQ(value_of(service, "(getf (service:status) :control-socket)"), "\"" + lisp.control_socket() + "\"");
    EXPECT_EQ(value_of(service, "(service:client-p)"), "NIL");
}

TEST_F(LispServicePackageTest, TriggersEventsNested) {
    const RunningService service{lisp};

    EXPECT_EQ(value_of(service, "(service:trigger \"greet\" :name \"żółw\" :loud t)"),
              "(:GREETING \"hello żółw\" :LOUD T)");
    // Lisp has one nil for false, null and the empty list.
    EXPECT_EQ(value_of(service, "(getf (service:trigger \"greet\" :name \"x\" :loud nil) :loud)"), "NIL");
}

TEST_F(LispServicePackageTest, AnEvaluationMayTriggerEventsThatEvaluate) {
    const RunningService service{lisp};

    EXPECT_EQ(value_of(service, "(getf (service:trigger \"in-lisp\") :twice)"), "42");
    EXPECT_EQ(value_of(service, "(getf (service:trigger \"eval\" :form \"(+ 1 2)\") :values)"), "((\"3\"))");
    // Events may be nested 16 deep, and no deeper.
    const std::string nest =
        "(defun nest (n) (if (zerop n) :there (getf (service:trigger \"eval-in-cpp\" :form (format "
        "nil \"(nest ~D)\" (1- n))) :value)))";
    service.call("eval", {{"form", nest}});
    EXPECT_THAT(value_of(service, "(nest 10)"), HasSubstr(":THERE"));
    EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
}

TEST_F(LispServicePackageTest, AThreadOfAFormMayTriggerWhileTheFormWaitsForIt) {
    const RunningService service{lisp};

    EXPECT_EQ(value_of(service,
                       "(mp:process-join (mp:process-run-function \"t\" (lambda () (getf (service:trigger "
                       "\"greet\" :name \"x\" :loud t) :greeting))))"),
              "\"hello x\"");
    EXPECT_EQ(value_of(service,
                       "(mp:process-join (mp:process-run-function \"t\" (lambda () (getf (service:trigger "
                       "\"in-lisp\") :twice))))"),
              "42");
}

TEST_F(LispServicePackageTest, AThreadMayCallTheServiceWhileNothingIsEvaluated) {
    const RunningService service{lisp};

    service.call("eval", {{"form",
                           "(progn (mp:process-run-function \"later\" (lambda () (sleep 0.2) (service:set-value "
                           "77))) :started)"}});

    await_state("the thread has set the value", [&] { return *service.call("status").find("value") == Value{77}; });
}

TEST_F(LispServicePackageTest, FailuresBecomeConditionsAndErrors) {
    const RunningService service{lisp};

    EXPECT_EQ(value_of(service,
                       "(handler-case (service:throw) (service:host-error (e) (list (princ-to-string e) "
                       "(service:host-error-type e))))"),
              "(\"thrown in C++: żółw\" \"std::runtime_error\")");
    const Object error = error_of(service, "(service:trigger \"no-such-event\")");
    EXPECT_EQ(*error.find("type"), Value{"SERVICE:HOST-ERROR"});
    EXPECT_EQ(*error.find("message"), Value{"there is no event 'no-such-event'"});
    EXPECT_THAT(error_of(service, "(service:trigger \"greet\")").find("message")->as_string(), HasSubstr("name"));
    EXPECT_EQ(value_of(service, "(service:value)"), "1");
}

TEST_F(LispServicePackageTest, ValuesRoundTrip) {
    const RunningService service{lisp};
    const auto echo = [&](const std::string& arguments) {
        return value_of(service, "(service:echo " + arguments + ")");
    };

    EXPECT_EQ(echo("1 -2 1.5d0 \"a\\\"b\\\\\" t nil"), "(1 -2 1.5d0 \"a\\\"b\\\\\" T NIL)");
    EXPECT_EQ(echo("(list 1 (list 2 3))"), "((1 (2 3)))");
    EXPECT_EQ(echo("(list :key 1 :|Other-Key| (list \"x\"))"), "((:KEY 1 :|Other-Key| (\"x\")))");
    EXPECT_EQ(echo(":info #p\"/tmp/x\" #\\a 1/2"), "(\"info\" \"/tmp/x\" \"a\" 0.5d0)");
    EXPECT_EQ(echo("(let ((h (make-hash-table))) (setf (gethash :a h) 1) h)"), "((:A 1))");
    EXPECT_EQ(echo("(vector 1 2)"), "((1 2))");
    EXPECT_EQ(echo("most-positive-fixnum"), "(2305843009213693951)");
    EXPECT_EQ(kind_of(service, "(service:echo (let ((l (list 1 2))) (setf (cddr l) l) l))"), "condition");
}

TEST_F(LispServicePackageTest, WritesToTheLog) {
    const RunningService service{lisp};

    value_of(service, "(service:log :warning \"~A of ~D\" \"three\" 7)");

    service.await_log("three of 7");
    EXPECT_THAT(lisp.log(), HasSubstr("warning lisp-trial"));
}

TEST_F(LispServicePackageTest, AThreadThatFailsEndsAloneAndIsLogged) {
    const RunningService service{lisp};

    value_of(service, "(mp:process-join (mp:process-run-function \"bad\" (lambda () (error \"in a thread\"))))");

    service.await_log("thread bad of Lisp ends: in a thread (SIMPLE-ERROR)");
    EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
}

TEST_F(LispServicePackageTest, ARedefinedEventKeepsItsRole) {
    const RunningService service{lisp};
    const auto needed_by = [&](std::string_view name) {
        const Object reply = service.call("events");
        for (const Value& event : reply.find("events")->as_list())
            if (*event.as_object().find("name") == Value{name}) return event.as_object().find("needs")->as_string();
        return std::string{"(no such event)"};
    };
    service.call("eval", {{"forms", Value::List{R"-((service:define-event "stop-swank-server" () "mine" nil))-",
                                                R"-((service:define-event ("greet" :needs :read) (name) nil))-",
                                                R"-((service:define-event ("fresh" :needs :admin) () nil))-",
                                                R"-((service:define-event "plain" () nil))-"}}});

    EXPECT_EQ(needed_by("stop-swank-server"), "owner");
    EXPECT_EQ(needed_by("greet"), "read");
    EXPECT_EQ(needed_by("fresh"), "admin");
    EXPECT_EQ(needed_by("plain"), "operate");
    EXPECT_THAT(error_of(service, R"-((service:define-event ("x" :needs :king) () nil))-").find("message")->as_string(),
                HasSubstr("there is no role 'king'"));
    EXPECT_FALSE(service.call_in_vain("x").empty());
}

TEST_F(LispServicePackageTest, ARefusedRedefinitionKeepsTheEvent) {
    const RunningService service{lisp};
    service.call("eval", {{"form", R"-((service:define-event "greet" (name) (list :text name)))-"}});

    const std::string form = R"-((service:define-event "greet" ((name :type :float)) (list :text "other")))-";
    EXPECT_THAT(error_of(service, form).find("message")->as_string(), HasSubstr("there is no type 'float'"));

    EXPECT_EQ(to_json(service.call("greet", {{"name", "you"}})), R"({"text":"you"})");
    error_of(service, R"-((service:define-event "bad name" () nil))-");
    EXPECT_EQ(value_of(service, "(service:on-event \"bad name\")"), "NIL");
}

TEST_F(LispServicePackageTest, EventsAreDefinedInLisp) {
    const RunningService service{lisp};
    service.call("eval", {{"forms", Value::List{R"-((service:define-event "backup" ((directory :type :path)
                                                      (depth :type :integer :default 3) (all :type :boolean :default nil))
                                                    "copies the data"
                                                    (service:progress 1 2 "half")
                                                    (list :to directory :depth depth :all all)))-",
                                                R"-((setf (service:on-event "shout")
                                                      (lambda (&key text) (list :text (string-upcase text)))))-",
                                                R"-((service:on-status (list :from-lisp "yes")))-",
                                                R"-((service:define-event "bad" () 5))-",
                                                R"-((service:define-event "failing" () (error "no way")))-"}}});

    EXPECT_EQ(to_json(service.call("backup", {{"directory", "/b"}})), R"({"to":"/b","depth":3,"all":null})");
    EXPECT_EQ(*service.call_in_vain("backup", {{"directory", 5}}).find("code"), Value{"bad-argument"});
    EXPECT_EQ(to_json(service.call("shout", {{"text", "żółw"}})), R"({"text":"ŻÓŁW"})");
    EXPECT_EQ(*service.call("status").find("from-lisp"), Value{"yes"});
    EXPECT_THAT(to_json(service.call("events")), HasSubstr("copies the data"));
    EXPECT_EQ(value_of(service, "(getf (service:trigger \"shout\" :text \"a\") :text)"), "\"A\"");
    EXPECT_THAT(service.call_in_vain("bad").find("message")->as_string(), HasSubstr("property list"));
    const Object error = service.call_in_vain("failing");
    EXPECT_EQ(*error.find("message"), Value{"no way"});
    EXPECT_EQ(*error.find("kind"), Value{"condition"});
    EXPECT_TRUE(error.contains("backtrace"));
}

TEST_F(LispServicePackageTest, SettingsCanBeSetOnlyDuringTheLoad) {
    const RunningService service{lisp};

    EXPECT_THAT(error_of(service, "(setf (service:name) \"other\")").find("message")->as_string(),
                HasSubstr("while the load event runs"));
}

TEST_F(LispServicePackageTest, ChildrenStartWithNoSignalBlocked) {
    const RunningService service{lisp};

    const std::string form = first_line_of("/bin/grep", R"("SigBlk" "/proc/self/status")");
    EXPECT_THAT(value_of(service, form), HasSubstr("0000000000000000"));
    // The same holds for a thread that Lisp starts.
    EXPECT_THAT(value_of(service, "(mp:process-join (mp:process-run-function \"t\" (lambda () " + form + ")))"),
                HasSubstr("0000000000000000"));
}

TEST_F(LispServicePackageTest, TheServiceKeepsItsSignals) {
    RunningService service{lisp};
    value_of(service, "(mp:process-run-function \"idle\" (lambda () (loop (sleep 1))))");

    service.signal(SIGHUP);
    service.await_log("reload: SIGHUP");
    service.signal(SIGUSR1);
    service.await_log("log reopened");
    for (int i = 0; i < 20; ++i) value_of(service, "(progn (si:gc t) 1)");
    service.signal(SIGTERM);
    EXPECT_EQ(service.exit_code(), 0);
}

}  // namespace
}  // namespace servicekit::test
