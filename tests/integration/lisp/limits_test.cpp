// Code that does not end, takes all memory, or would end the service: it gets an error, and the next evaluation works.
#include <array>
#include <chrono>
#include <csignal>
#include <string>

#include "integration/lisp/lisp_fixture.hpp"
#include "integration/support/await.hpp"
#include "sanitized.hpp"
#include "servicekit/base/json.hpp"
#include "servicekit/core/event.hpp"

namespace servicekit::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using Clock = std::chrono::steady_clock;

class LispLimitsTest : public LispTest {
protected:
    void SetUp() override {
        LispTest::SetUp();
        if (under_tsan) GTEST_SKIP() << "the thread sanitizer has stacks and interrupts of its own";
    }

    /// Checks that the form fails with this kind of error, and that Lisp still works.
    static void expect_fault(const RunningService& service, const std::string& form, const std::string& kind,
                             double time_limit = 20) {
        EXPECT_EQ(kind_of(service, form, time_limit), kind) << form;
        EXPECT_EQ(value_of(service, "(+ 40 2)"), "42") << "after " << form;
    }
};

TEST_F(LispLimitsTest, AFormThatTakesTooLongIsEnded) {
    const RunningService service{lisp};

    for (const char* form :
         {"(loop)", "(sleep 30)", "(loop (ignore-errors (loop)))", "(loop (ignore-errors (error \"x\")))",
          "(loop (handler-case (loop) (serious-condition () nil)))", "(loop (format nil \"~A\" 1))", "(loop (print 1))",
          "(loop (write-string \"without end\"))",
          "(let (x) (loop (setf x (cons 1 x)) (when (> (length x) 1000) (setf x nil))))",
          "(let ((n 1)) (loop (setf n (mod (* (+ n 1) 123456789) (expt 10 400)))))",
          "(unwind-protect (loop) (loop repeat 20 do (sleep 0.01)))"})
        expect_fault(service, form, "timeout", 0.2);
    const Object error = error_of(service, "(progn (defun spin () (loop (sleep 0.01))) (spin))", 0.2);
    EXPECT_EQ(*error.find("message"), Value{"it took longer than 200 ms"});
    EXPECT_THAT(to_json(*error.find("backtrace")), HasSubstr("SPIN"));
}

TEST_F(LispLimitsTest, NoInterruptIsLost) {
    const RunningService service{lisp};
    constexpr std::array forms{"(loop)",
                               "(let (x) (loop (push 1 x) (when (> (length x) 500) (setf x nil))))",
                               "(loop (format nil \"~A\" (random 10)))",
                               "(loop (ignore-errors (error \"x\")))",
                               "(loop (make-hash-table))",
                               "(loop (service:value))",
                               "(sleep 5)"};
    for (std::size_t i = 0; i < 300; ++i)
        expect_fault(service, forms[i % forms.size()], "timeout", 0.005 + static_cast<double>(i % 20) / 1000);
    EXPECT_THAT(lisp.log(), Not(HasSubstr("Internal error")));
}

TEST_F(LispLimitsTest, AFormThatCannotBeInterruptedIsReportedAndAbandoned) {
    RunningService service{lisp};

    expect_fault(service, "(mp:without-interrupts (loop))", "stuck", 0.2);
    expect_fault(service, "(mp:without-interrupts (loop (sleep 1)))", "stuck", 0.2);
    EXPECT_EQ(value_of(service, "(service:set-value 5)"), "5");

    EXPECT_EQ(lisp.verb({"stop"}).exit_code, 0);
    EXPECT_EQ(service.exit_code(), 0);
}

TEST_F(LispLimitsTest, AStackOverflowIsAnError) {
    const RunningService service{lisp};
    service.call("eval", {{"forms", Value::List{"(defun deep (n) (1+ (deep (1+ n))))", "(defvar *z* 0)",
                                                "(defun bind (n) (let ((*z* n)) (1+ (bind (1+ n)))))",
                                                "(defun guard (n) (unwind-protect (guard (1+ n)) n))"}}});

    for (const char* form : {"(deep 0)", "(deep 0)", "(deep 0)", "(bind 0)", "(bind 0)", "(guard 0)", "(guard 0)"})
        expect_fault(service, form, "storage");
}

TEST_F(LispLimitsTest, AHeapExhaustionIsAnError) {
    const RunningService service{lisp};

    for (const char* form :
         {"(let (x) (loop (push (make-array 100000) x)))", "(let (x) (loop (push (make-string 1000000) x)))",
          "(let (x) (loop (push (make-array 100000) x)))", "(let (x) (loop (push 1 x)))",
          "(let ((h (make-hash-table))) (loop for i from 0 do (setf (gethash i h) i)))"}) {
        expect_fault(service, form, "storage", 60);
        EXPECT_EQ(value_of(service, "(length (make-array 1000000))"), "1000000");
    }
    EXPECT_THAT(kind_of(service, "(make-array 4000000000)", 60), testing::AnyOf("storage", "condition"));
    EXPECT_EQ(value_of(service, "(length (make-array 1000000))"), "1000000");
}

TEST_F(LispLimitsTest, DeeplyNestedTextIsAnError) {
    const RunningService service{lisp};

    for (const std::size_t depth : {2'000U, 20'000U, 200'000U, 1'000'000U}) {
        EXPECT_THAT(kind_of(service, std::string(depth, '('), 60), testing::AnyOf("read", "storage")) << depth;
        EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
    }
}

TEST_F(LispLimitsTest, PrintingIsBounded) {
    const RunningService service{lisp};
    const auto printed = [&](const char* form) { return value_of(service, form).size(); };

    EXPECT_LT(printed("(let ((l (list 1 2))) (setf (cddr l) l) l)"), 100U);
    EXPECT_LT(printed("(make-list 10000000)"), 300'000U);
    EXPECT_LT(printed("(make-string 10000000)"), 300'000U);
    EXPECT_LT(printed("(values-list (loop repeat 50 collect (make-string 100000)))"), 300'000U);
    EXPECT_EQ(value_of(service, "(length (let (l) (dotimes (i 100000 l) (setf l (list l)))))"), "1");
    service.call("eval",
                 {{"forms", Value::List{"(defclass endless () ())",
                                        "(defmethod print-object ((o endless) s) (loop (princ \"again \" s)))"}}});
    EXPECT_LT(printed("(make-instance 'endless)"), 300'000U);
    service.call("eval",
                 {{"forms", Value::List{"(defclass silent () ())", "(defmethod print-object ((o silent) s) (loop))"}}});
    expect_fault(service, "(make-instance 'silent)", "timeout", 0.2);
    const Object reply = service.call("eval", {{"form", "(dotimes (i 100000) (princ \"0123456789\"))"}});
    EXPECT_EQ(reply.find("output")->as_string().size(), std::size_t{256} << 10U);
}

TEST_F(LispLimitsTest, DeepListsArePrintedOrRefused) {
    const RunningService service{lisp};

    const Object reply = service.call("eval", {{"form", "(let (l) (dotimes (i 1000 l) (setf l (list l))))"}});
    EXPECT_FALSE(reply.find("values")->as_list().empty());
    const std::string kind = [&]() -> std::string {
        try {
            value_of(service, "(let (l) (dotimes (i 1000000 l) (setf l (list l))))");
            return "";
        } catch (const CallError& error) {
            return error.fields().find("kind")->as_string();
        }
    }();
    EXPECT_THAT(kind, testing::AnyOf("", "storage"));
    EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
}

TEST_F(LispLimitsTest, NoFormEndsTheService) {
    const RunningService service{lisp};

    for (const char* form :
         {"(quit)", "(si:exit)", "(si:exit 1)", "(ext:exit)", "(ext:quit)", "(ext:quit 3)", "(si:quit)",
          "(si::quit 1 t)", "(ext:exit 1)", "(si::exit)", "(cl-user::quit)", "(funcall 'ext:quit)",
          "(funcall (symbol-function 'ext:quit))", "(apply #'si:quit '(0))",
          "(funcall (compile nil '(lambda () (ext:quit 5))))", "(funcall (compile nil '(lambda () (si:exit))))",
          "(funcall (compile nil '(lambda () (si:quit))))", "(mapcar #'quit '(1 2))"})
        expect_fault(service, form, "exit");
    expect_fault(service, "(mp:exit-process)", "exit");
    expect_fault(service, "(throw si::*quit-tag* 1)", "condition");
    expect_fault(service, "(abort)", "condition");
    // This function does not exist.
    expect_fault(service, "(exit)", "condition");
    EXPECT_EQ(*service.call("status").find("pid"), Value{service.pid()});
}

TEST_F(LispLimitsTest, NoFormCompiledByTheCCompilerEndsTheService) {
    const RunningService service{lisp};
    if (run_command({.arguments = {"gcc", "--version"}}).exit_code != 0) GTEST_SKIP() << "needs gcc";

    const Object reply = service.call(
        "eval", {{"forms", Value::List{"(ext:install-c-compiler)", "(compile 'leave '(lambda () (ext:quit 5)))",
                                       "(compiled-function-p #'leave)", "(ext:install-bytecodes-compiler)"}},
                 {"time-limit", 120}});

    EXPECT_THAT(to_json(*reply.find("values")), HasSubstr(R"(["T"])"));
    expect_fault(service, "(leave)", "exit");
}

TEST_F(LispLimitsTest, CodeCompiledByAsdfDoesNotEndTheService) {
    const RunningService service{lisp};
    service.call("eval", {{"form", "(require :asdf)"}, {"time-limit", 60}});

    for (const char* form : {"(uiop:quit)", "(uiop:quit 3)", "(uiop:die 3 \"x\")"}) {
        expect_fault(service, form, "exit");
        EXPECT_EQ(value_of(service, "(+ 40 2)"), "42") << form;
    }
    EXPECT_EQ(*service.call("status").find("pid"), Value{service.pid()});
}

TEST_F(LispLimitsTest, KillingAllThreadsSparesTheServicesThreads) {
    const RunningService service{lisp};

    service.call("eval", {{"form", "(mapc #'mp:process-kill (remove mp:*current-process* (mp:all-processes)))"}});

    EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
    // The keeper thread works, too.
    expect_fault(service, "(loop)", "timeout", 0.2);
    EXPECT_EQ(value_of(service, "(+ 40 2)"), "42");
    EXPECT_EQ(lisp.verb({"stop"}).exit_code, 0);
    EXPECT_THAT(lisp.log(), Not(HasSubstr("crash")));
}

TEST_F(LispLimitsTest, AStopEndsTheRunningForm) {
    RunningService service{lisp};
    RunningCommand call{lisp.command({"call", "eval", "form=(loop)", "time-limit=600"})};
    service.await_busy("eval");

    const auto begin = Clock::now();
    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_LT(Clock::now() - begin, 2s);
    EXPECT_THAT(call.finish().err, HasSubstr("the service stops"));
}

TEST_F(LispLimitsTest, AStopEndsANestedEvaluation) {
    RunningService service{lisp};
    const std::string inner = R"-((progn (service:log :info \"within\") (loop)))-";
    const RunningCommand call{lisp.command(
        {"call", "eval", "form=(service:trigger \"eval-in-cpp\" :form \"" + inner + "\")", "time-limit=600"})};
    service.await_log("within\n");

    const auto begin = Clock::now();
    service.signal(SIGTERM);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_LT(Clock::now() - begin, 2s);
}

TEST_F(LispLimitsTest, AKillDoesNotWaitForTheRunningForm) {
    RunningService service{lisp};
    const RunningCommand call{lisp.command({"call", "eval", "form=(mp:without-interrupts (loop))", "time-limit=600"})};
    service.await_busy("eval");

    const auto begin = Clock::now();
    service.signal(SIGINT);

    EXPECT_EQ(service.exit_code(), 0);
    EXPECT_LT(Clock::now() - begin, 2s);
}

}  // namespace
}  // namespace servicekit::test
