#include "servicekit/lisp/lisp.hpp"

#include <memory>
#include <stdexcept>
#include <stop_token>
#include <variant>

#include "servicekit/base/json.hpp"
#include "unit/core/service_fixture.hpp"
#include "unit/lisp/fake_machine.hpp"

namespace servicekit {
namespace {

using namespace std::chrono_literals;
using lisp::Evaluation;
using lisp::Fault;
using lisp::FaultKind;
using lisp::Job;
using lisp::Task;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A service with the test's Lisp.
class LispTest : public testing::ServiceTest {
protected:
    /// Returns the Lisp, which is made at the first call.
    Lisp& lisp() {
        if (!lisp_) lisp_ = std::make_unique<Lisp>(service(), lisp_options, std::move(made_));
        return *lisp_;
    }
    /// Sends all requests, and then stops the service.
    void ask_all(const std::vector<std::string>& requests) {
        lisp();
        for (const std::string& request : requests) ask(request);
        raise(SIGTERM);
        EXPECT_EQ(run(), 0) << errors();
    }
    std::string reply_to(const std::string& request) {
        ask_all({request});
        return replies.back();
    }
    Object error_in_reply_to(const std::string& request) {
        const auto parsed = parse_json(reply_to(request));
        const Value* error = std::get<Value>(parsed).as_object().find("error");
        return error != nullptr ? error->as_object() : Object{};
    }
    /// Adds an event that runs `body` in C++.
    void add_event(const char* name, std::function<Reply()> body) {
        service().events().add(
            {.name = name, .handler = [body = std::move(body)](const Arguments&, Context&) { return body(); }});
    }

    Lisp::Options lisp_options{.heap_limit = 1000, .text_limit = 20, .swank_directory = "/swank"};

private:
    std::unique_ptr<lisp::FakeMachine> made_ = std::make_unique<lisp::FakeMachine>();

protected:
    lisp::FakeMachine& machine = *made_;

private:
    std::unique_ptr<Lisp> lisp_;
};

TEST_F(LispTest, ItsEventsExistOnlyWithItAndNeedTheOwner) {
    const std::initializer_list<const char*> names{"eval", "interrupt-eval", "create-swank-server",
                                                   "stop-swank-server"};
    for (const char* name : names) EXPECT_FALSE(service().events().find(name)) << name;

    lisp();

    for (const char* name : names) EXPECT_EQ(service().events().find(name)->needs, ControlRole::owner) << name;
    EXPECT_EQ(machine.boots, 0);
}

TEST_F(LispTest, OnlyTheOwnerMayEvaluate) {
    hooks.on_load = [](Settings& settings) {
        settings.set(setting::control_mode, "666");
        settings.set(setting::control_admin, {"user:1000"});
    };
    peer = {.pid = 50, .uid = 1000, .gid = 1000};

    EXPECT_EQ(*error_in_reply_to(R"(["eval",{"form":"1"}])").find("code"), Value{"not-allowed"});

    EXPECT_THAT(machine.tasks(), IsEmpty());
}

TEST_F(LispTest, EvaluatesFormThenForms) {
    machine.evaluate = [](const Job&) {
        return Evaluation{.values = {{"3"}, {}, {"1", "2"}}, .output = "printed", .result = "APP"};
    };

    EXPECT_EQ(reply_to(R"-(["eval",{"form":"(+ 1 2)","forms":["(values)","(values 1 2)"]}])-"),
              R"({"values":[["3"],[],["1","2"]],"output":"printed","package":"APP"})"
              "\n");

    const Task task = machine.tasks().at(0);
    EXPECT_EQ(task.kind, Task::Kind::forms);
    EXPECT_THAT(task.texts, ElementsAre("(+ 1 2)", "(values)", "(values 1 2)"));
    EXPECT_EQ(task.package, "CL-USER");
    EXPECT_EQ(task.time_limit, 10s);
    EXPECT_EQ(machine.limits().heap, 1000U);
    EXPECT_EQ(machine.limits().text, 20U);
}

TEST_F(LispTest, TheCallerSetsPackageAndTimeLimit) {
    reply_to(R"(["eval",{"form":"x","package":"APP","time-limit":0.0015}])");

    EXPECT_EQ(machine.tasks().at(0).package, "APP");
    EXPECT_EQ(machine.tasks().at(0).time_limit, 2ms);
}

TEST_F(LispTest, InvalidArgumentsOfEvalAreRefused) {
    ask_all({R"(["eval",{"time-limit":0}])", R"(["eval",{"time-limit":1e9}])", R"(["eval",{"forms":[1]}])",
             R"(["eval",{"source":"1"}])"});
    for (const std::string& reply : replies) EXPECT_THAT(reply, HasSubstr(R"("code":"bad-argument")"));

    EXPECT_THAT(machine.tasks(), IsEmpty());
}

TEST_F(LispTest, AFaultIsAnErrorWithAllDetails) {
    machine.evaluate = [](const Job&) {
        return Evaluation{.values = {{"1"}, {}},
                          .output = "printed",
                          .fault = Fault{.kind = FaultKind::storage,
                                         .type = "STACK-OVERFLOW",
                                         .message = "too deep",
                                         .backtrace = {"F", "G"},
                                         .form_index = 2,
                                         .place = "/app.lisp, line 3"}};
    };

    const Object error = error_in_reply_to(R"(["eval",{"form":"1"}])");

    EXPECT_EQ(to_json(error), R"({"code":"event-error","message":"too deep","event":"eval","type":"STACK-OVERFLOW",)"
                              R"("kind":"storage","backtrace":["F","G"],"form-index":2,)"
                              R"("place":"/app.lisp, line 3","values":[["1"],[]],"output":"printed"})");
}

TEST_F(LispTest, WithoutAnEvaluationThereIsNothingToInterrupt) {
    EXPECT_EQ(reply_to(R"(["interrupt-eval"])"), "{\"interrupted\":false}\n");
    EXPECT_EQ(machine.boots, 0);
}

TEST_F(LispTest, EachUseIsLoggedWithCallerAndFormsAtAnyLevel) {
    options.log_level = LogLevel::warning;
    peer = {.pid = 4711, .uid = 0, .gid = 0};

    reply_to(R"-(["eval",{"form":"(delete-everything)"}])-");

    EXPECT_THAT(log(), AllOf(HasSubstr("warning"), HasSubstr("event 'eval'"), HasSubstr("(delete-everything)"),
                             HasSubstr("uid 0, pid 4711")));
}

TEST_F(LispTest, TheServiceGoesOnIfLispCannotBoot) {
    machine.boot_error = Error{ExitCode::internal, "boot", "Lisp", "no memory"};

    ask_all({R"(["eval",{"form":"1"}])", R"(["status"])"});

    EXPECT_THAT(replies[0], AllOf(HasSubstr(R"("code":"event-error")"), HasSubstr("cannot boot 'Lisp': no memory")));
    EXPECT_THAT(replies[1], HasSubstr("running"));
}

TEST_F(LispTest, EndsAfterTheStopEvent) {
    std::vector<int> shut_downs;
    hooks.on_stop = [&] {
        shut_downs.push_back(machine.shut_downs);
        EXPECT_EQ(lisp().evaluate({"late"}).size(), 0U);
    };

    reply_to(R"(["eval",{"form":"1"}])");

    EXPECT_THAT(shut_downs, ElementsAre(0));
    EXPECT_EQ(machine.shut_downs, 1);
    EXPECT_THAT(machine.texts(), ElementsAre("1", "late"));
    EXPECT_THROW(lisp().evaluate({"too late"}), std::runtime_error);
}

TEST_F(LispTest, CppMayLimitItsEvaluations) {
    const std::stop_source stop;
    hooks.on_start = [&] { lisp().evaluate({"1"}, "APP", 3s, stop.get_token()); };

    reply_to(R"(["status"])");

    const Task task = machine.tasks().at(0);
    EXPECT_EQ(task.package, "APP");
    EXPECT_EQ(task.time_limit, 3s);
    EXPECT_EQ(task.stop, stop.get_token());
}

// Functions.

TEST_F(LispTest, BuiltInFunctionsCannotBeDefined) {
    for (const char* name : {"name", "setting", "client-p", "status", "trigger", "log", "progress", "on-stop",
                             "define-event", "host-error", "*arguments*"})
        EXPECT_THROW(lisp().define(name, {}), std::invalid_argument) << name;
}

TEST_F(LispTest, FunctionsAreDefinedOnceItHasBooted) {
    lisp().define("early", {});
    lisp().define("first", {});
    EXPECT_EQ(machine.boots, 0);

    lisp().evaluate({"1"});
    lisp().define("later", {});
    lisp().define("early", {});

    EXPECT_THAT(machine.texts(),
                ElementsAre("DEFINE-HOST-FUNCTION", "DEFINE-HOST-FUNCTION", "1", "DEFINE-HOST-FUNCTION"));
    EXPECT_EQ(machine.tasks().at(0).arguments, (Value::List{"early"}));
    EXPECT_EQ(machine.tasks().at(1).arguments, (Value::List{"first"}));
    EXPECT_EQ(machine.tasks().at(3).arguments, (Value::List{"later"}));
}

/// Lisp calls a function of the service during an evaluation.
class LispAsksTest : public LispTest {
protected:
    /// Returns the answer of the service.
    lisp::Answer answer_to(const std::string& function, const Value::List& arguments = {}) {
        std::optional<lisp::Answer> answer;
        machine.evaluate = [&](const Job&) {
            if (!answer) answer = machine.ask(function, arguments);
            return Evaluation{};
        };
        reply_to(R"(["eval",{"form":"1"}])");
        return answer.value();
    }
};

TEST_F(LispAsksTest, AFunctionGetsTheArgumentsAndReturnsAValue) {
    lisp().define("add", [](const Value::List& arguments) {
        return Value{arguments.at(0).as_integer() + arguments.at(1).as_integer()};
    });

    EXPECT_EQ(answer_to("add", {40, 2}).value, Value{42});
}

TEST_F(LispAsksTest, AFunctionsExceptionIsTheAnswer) {
    lisp().define("fail", [](const Value::List&) -> Value { throw std::runtime_error{"no way"}; });

    const lisp::Answer answer = answer_to("fail");

    EXPECT_FALSE(answer.ok);
    EXPECT_EQ(answer.text, "no way");
    EXPECT_EQ(answer.type, "std::runtime_error");
}

TEST_F(LispAsksTest, AnUnknownFunctionIsAnError) {
    EXPECT_EQ(answer_to("nothing").text, "there is no function 'nothing'");
}

TEST_F(LispAsksTest, SettingsCanBeRead) { EXPECT_EQ(answer_to("setting", {"name"}).value, Value{"trial"}); }

TEST_F(LispAsksTest, SettingsCannotBeSetAfterTheLoad) {
    EXPECT_EQ(answer_to("set-setting", {"name", "other"}).text, "settings are set while the load event runs");
}

TEST_F(LispAsksTest, AServiceIsNotAClient) { EXPECT_EQ(answer_to("client-p").value, Value{false}); }

TEST_F(LispAsksTest, AnEvaluationIsNotAReload) { EXPECT_EQ(answer_to("reload-p").value, Value{false}); }

TEST_F(LispAsksTest, EventsCanBeTriggered) {
    service().events().add(
        {.name = "greet",
         .parameters = {{.name = "name"}, {.name = "loud", .type = ParameterType::boolean}},
         .handler = [](const Arguments& arguments, Context&) -> Reply {
             return {{"text", "hello " + arguments.get<std::string>("name")}, {"loud", arguments.get<bool>("loud")}};
         }});

    // Lisp has one nil.
    EXPECT_EQ(answer_to("trigger", {"greet", Object{{"name", "you"}, {"loud", nullptr}}}).value,
              (Value{Object{{"text", "hello you"}, {"loud", false}}}));
}

TEST_F(LispAsksTest, AFailedEventIsAnAnswerWithItsCode) {
    EXPECT_EQ(answer_to("trigger", {"no-such-event", nullptr}).type, "event-not-found");
}

TEST_F(LispAsksTest, AnEventMayEvaluateInTurn) {
    add_event("twice", [this]() -> Reply { return {{"value", lisp().evaluate({"inner"}).at(0).at(0)}}; });
    lisp::Answer answer;
    machine.evaluate = [&](const Job& job) {
        if (job.task.texts.front() == "inner") return Evaluation{.values = {{"42"}}};
        answer = machine.ask("trigger", {"twice", nullptr});
        return Evaluation{};
    };

    reply_to(R"(["eval",{"form":"outer"}])");

    EXPECT_EQ(answer.value, (Value{Object{{"value", "42"}}}));
    EXPECT_THAT(machine.texts(), ElementsAre("outer", "inner"));
}

TEST_F(LispAsksTest, AnEventCanBeDefined) {
    lisp::Answer answer;
    machine.evaluate = [&](const Job& job) {
        if (job.task.texts.front() == "RUN-HANDLER") return Evaluation{.result = Object{{"did", "it"}}};
        answer =
            machine.ask("set-handler", {"backup", "copies", Value::List{Object{{"name", "to"}, {"type", "path"}}}});
        return Evaluation{};
    };

    ask_all({R"(["eval",{"form":"1"}])", R"(["backup",{"to":"/b"}])", R"(["backup",{"at":1}])"});

    EXPECT_EQ(replies[1], "{\"did\":\"it\"}\n");
    EXPECT_THAT(replies[2], HasSubstr("bad-argument"));
    EXPECT_EQ(machine.tasks().at(1).arguments, (Value::List{"backup", Object{{"to", "/b"}}}));
}

TEST_F(LispAsksTest, ARedefinedEventKeepsItsRole) {
    service().events().add({.name = "backup",
                            .handler = [](const Arguments&, Context&) -> Reply { return {}; },
                            .needs = ControlRole::admin,
                            .hangs_after = 5s});

    EXPECT_TRUE(answer_to("set-handler", {"backup", "mine", nullptr}).ok);

    EXPECT_EQ(service().events().find("backup")->needs, ControlRole::admin);
    EXPECT_EQ(service().events().find("backup")->hangs_after, 5s);
}

TEST_F(LispAsksTest, ADefinitionMaySetTheRole) {
    EXPECT_TRUE(answer_to("set-handler", {"eval", "mine", nullptr, "read"}).ok);

    EXPECT_EQ(service().events().find("eval")->needs, ControlRole::read);
}

TEST_F(LispAsksTest, ItWritesToTheLog) {
    machine.evaluate = [this](const Job&) {
        machine.log("warning", "three of seven");
        return Evaluation{};
    };

    reply_to(R"(["eval",{"form":"1"}])");

    EXPECT_THAT(log(), HasSubstr("warning trial[4711]: three of seven"));
}

// Handlers.

TEST_F(LispTest, AHandlerInLispGetsTheEventsArguments) {
    service().events().add({.name = "double",
                            .parameters = {{.name = "n", .type = ParameterType::integer}},
                            .handler = lisp().handler("(* 2 n)")});
    machine.evaluate = [](const Job&) { return Evaluation{.output = "one\n\ntwo", .result = Object{{"is", 42}}}; };

    EXPECT_EQ(reply_to(R"(["double",{"n":21}])"), "{\"is\":42}\n");

    EXPECT_EQ(machine.tasks().at(0).kind, Task::Kind::source);
    EXPECT_THAT(machine.texts(), ElementsAre("(* 2 n)"));
    EXPECT_EQ(machine.tasks().at(0).arguments, (Value::List{Object{{"n", 21}}}));
    EXPECT_EQ(machine.tasks().at(0).time_limit, std::nullopt);
    EXPECT_THAT(log(), AllOf(HasSubstr("]: one\n"), HasSubstr("]: two\n")));
}

TEST_F(LispTest, OutputOfAHandlerBeforeItFailedIsLogged) {
    service().events().add({.name = "act", .handler = lisp().handler("(act)")});
    machine.evaluate = [](const Job&) { return Evaluation{.output = "half way", .fault = Fault{.message = "no way"}}; };

    EXPECT_THAT(reply_to(R"(["act"])"), HasSubstr("no way"));

    EXPECT_THAT(log(), HasSubstr("]: half way\n"));
}

TEST_F(LispTest, AHandlerReturnsAReplyOrNothing) {
    service().events().add({.name = "act", .handler = lisp().handler("(act)")});
    int times = 0;
    machine.evaluate = [&](const Job&) { return Evaluation{.result = ++times == 1 ? Value{} : Value{5}}; };

    ask_all({R"(["act"])", R"(["act"])"});

    EXPECT_EQ(replies[0], "{}\n");
    EXPECT_THAT(replies[1], HasSubstr("the handler did not return a property list"));
}

TEST_F(LispTest, CodeOfTheStopIsNotInterrupted) {
    lisp().on("stop", "(bye)");
    int interrupts = -1;
    machine.evaluate = [&](const Job& job) {
        interrupts = machine.interrupts_of(job.id);
        return Evaluation{};
    };
    raise(SIGTERM);

    EXPECT_EQ(run(), 0);

    EXPECT_THAT(machine.texts(), ElementsAre("(bye)"));
    EXPECT_EQ(interrupts, 0);
    EXPECT_FALSE(machine.tasks().at(0).stop.stop_possible());
    EXPECT_EQ(machine.shut_downs, 1);
}

TEST_F(LispTest, OnEventCreatesAMissingEvent) {
    lisp().on("backup", "(backup)");

    EXPECT_EQ(reply_to(R"(["backup"])"), "{}\n");

    EXPECT_THAT(machine.texts(), ElementsAre("(backup)"));
}

TEST_F(LispTest, LoadCodeRunsInTheServiceAndMayChangeSettings) {
    lisp().on("load", "(configure)");
    EXPECT_TRUE(core().loads_in_service());
    machine.evaluate = [this](const Job&) {
        EXPECT_TRUE(machine.ask("set-setting", {"name", "scripted"}).ok);
        return Evaluation{};
    };
    raise(SIGTERM);

    EXPECT_EQ(run(), 0) << errors();

    EXPECT_EQ(service().settings().get(setting::name), "scripted");
}

TEST_F(LispTest, LoadCodeThatFailsFailsTheStart) {
    lisp().on("load", "(configure)");
    machine.evaluate = [](const Job&) { return Evaluation{.fault = Fault{.message = "no such variable"}}; };

    EXPECT_EQ(run(), 78);

    EXPECT_THAT(errors(), HasSubstr("cannot load the configuration: no such variable"));
    EXPECT_EQ(machine.shut_downs, 1);
}

TEST_F(LispTest, LoadCodeThatFailsIsReportedWithPlaceAndType) {
    lisp().on("load", "(configure)");
    machine.evaluate = [](const Job&) {
        return Evaluation{
            .fault = Fault{.type = "SIMPLE-ERROR", .message = "boom", .form_index = 1, .place = "/app.lisp, line 3"}};
    };

    EXPECT_EQ(run(), 78);

    EXPECT_THAT(errors(), HasSubstr("cannot load the configuration: /app.lisp, line 3: boom (SIMPLE-ERROR)"));
}

TEST_F(LispTest, TheFailedFormOfLoadCodeIsReported) {
    lisp().on("load", "(configure) (more)");
    machine.evaluate = [](const Job&) {
        return Evaluation{.fault = Fault{.type = "SIMPLE-ERROR", .message = "boom", .form_index = 1}};
    };

    EXPECT_EQ(run(), 78);

    EXPECT_THAT(errors(), HasSubstr("cannot load the configuration: form 2: boom (SIMPLE-ERROR)"));
}

TEST_F(LispTest, AScriptIsLoadedByItsAbsoluteNameWhateverItsCharacters) {
    lisp().load_script(R"(/etc/my "odd" \ script.lisp)");
    raise(SIGTERM);

    EXPECT_EQ(run(), 0) << errors();

    EXPECT_THAT(machine.texts(), ElementsAre(R"-((progn (load "/etc/my \"odd\" \\ script.lisp") nil))-"));
}

TEST_F(LispTest, AnEvaluationByTheProgramThrowsTheError) {
    machine.evaluate = [](const Job&) {
        return Evaluation{.fault = Fault{.type = "DIVISION-BY-ZERO", .message = "no division"}};
    };

    try {
        lisp().evaluate({"(/ 1 0)"}, "APP");
        FAIL() << "no exception";
    } catch (const LispError& error) {
        EXPECT_STREQ(error.what(), "no division");
        EXPECT_EQ(error.fault().type, "DIVISION-BY-ZERO");
    }
    EXPECT_EQ(machine.tasks().at(0).package, "APP");
}

// Swank.

class LispSwankServersTest : public LispTest {
protected:
    LispSwankServersTest() {
        machine.evaluate = [this](const Job& job) {
            if (job.task.texts.front() == "START-SWANK")
                return Evaluation{.result =
                                      Object{{"port", 4005}, {"secret-file", secret_file}, {"has-secret", has_secret}}};
            if (job.task.texts.front() == "STOP-SWANK") return Evaluation{.result = stopped};
            return Evaluation{.fault = load_fault};
        };
    }

    Value stopped = Value::List{4005};
    std::string secret_file = "/home/me/.slime-secret";
    bool has_secret = true;
    std::optional<Fault> load_fault;
};

TEST_F(LispSwankServersTest, SwankIsLoadedForTheFirstServer) {
    ask_all({R"(["create-swank-server"])", R"(["create-swank-server",{"port":4006}])", R"(["stop-swank-server"])"});

    EXPECT_THAT(replies, ElementsAre("{\"port\":4005}\n", "{\"port\":4005}\n", "{\"ports\":[4005]}\n"));
    const auto tasks = machine.tasks();
    ASSERT_EQ(tasks.size(), 4U);
    EXPECT_EQ(tasks[0].kind, Task::Kind::source);
    EXPECT_EQ(tasks[0].arguments, (Value::List{Object{{"directory", "/swank"}}}));
    EXPECT_EQ(tasks[1].arguments, (Value::List{0}));
    EXPECT_EQ(tasks[2].arguments, (Value::List{4006}));
    EXPECT_EQ(tasks[3].arguments, (Value::List{0}));
    EXPECT_THAT(log(), HasSubstr("a Swank server listens on port 4005 of the loopback; clients need the secret in "
                                 "'/home/me/.slime-secret'"));
}

TEST_F(LispSwankServersTest, AServerWithoutASecretIsLogged) {
    has_secret = false;
    reply_to(R"(["create-swank-server"])");

    EXPECT_THAT(log(), HasSubstr("there is no secret in '/home/me/.slime-secret', so every local user has access"));
}

TEST_F(LispSwankServersTest, AMissingHomeForTheSecretIsLogged) {
    has_secret = false;
    secret_file = "";
    reply_to(R"(["create-swank-server"])");

    EXPECT_THAT(log(), HasSubstr("this user has no home directory for a secret, so every local user has access"));
}

TEST_F(LispSwankServersTest, AMissingSwankIsReported) {
    load_fault = Fault{.type = "SERVICE-EVAL::SWANK-PACKAGE-NOT-FOUND", .message = "not there"};

    EXPECT_EQ(*error_in_reply_to(R"(["create-swank-server"])").find("code"), Value{"swank-package-not-found"});

    EXPECT_THAT(machine.texts(), Not(::testing::Contains("START-SWANK")));
}

TEST_F(LispSwankServersTest, StoppingAServerThatNeverStartedDoesNotBoot) {
    ask_all({R"(["stop-swank-server"])", R"(["stop-swank-server",{"port":4005}])"});

    EXPECT_EQ(replies[0], "{\"ports\":[]}\n");
    EXPECT_THAT(replies[1], HasSubstr("no Swank server listens on port 4005"));
    EXPECT_EQ(machine.boots, 0);
}

TEST_F(LispSwankServersTest, AnEmptyListOfPortsIsNotNull) {
    stopped = Value{};

    ask_all({R"(["create-swank-server"])", R"(["stop-swank-server"])"});

    EXPECT_EQ(replies.back(), "{\"ports\":[]}\n");
}

}  // namespace
}  // namespace servicekit
