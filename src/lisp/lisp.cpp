#include "servicekit/lisp/lisp.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <utility>

#include "base/take_up_to.hpp"
#include "core/caught_exception.hpp"
#include "core/configuration.hpp"
#include "core/service_core.hpp"
#include "lisp/declarations.hpp"
#include "lisp/evaluator.hpp"
#include "lisp/sources.hpp"
#include "os/crash/fault_owner.hpp"
#include "servicekit/core/service_base.hpp"

namespace servicekit {
namespace {

using lisp::Evaluation, lisp::FaultKind, lisp::Task;

/// Names in the package SERVICE of every service.
constexpr std::array<std::string_view, 21> own_names{
    "name",     "run-directory", "setting",          "client-p",   "reload-p",        "status",       "trigger",
    "log",      "progress",      "on-start",         "on-stop",    "on-kill",         "on-reload",    "on-status",
    "on-event", "define-event",  "def-event-setter", "host-error", "host-error-type", "exit-refused", "*arguments*"};

constexpr double default_time_limit = 10;
constexpr double longest_time_limit = 24.0 * 3600;
constexpr double shortest_time_limit = 0.001;

Object fields_of(const lisp::Fault& fault, const Object& more) {
    Object fields{{"type", fault.type},
                  {"kind", to_string(fault.kind)},
                  {"backtrace", Value::List(fault.backtrace.begin(), fault.backtrace.end())},
                  {"form-index", fault.form_index}};
    if (!fault.place.empty()) fields.set("place", fault.place);
    for (const auto& [name, value] : more) fields.set(name, value);
    return fields;
}

Value::List lists_of(const std::vector<std::vector<std::string>>& values) {
    Value::List lists;
    for (const auto& of_form : values) lists.emplace_back(Value::List(of_form.begin(), of_form.end()));
    return lists;
}

/// Describes the fault with all that a user who starts the service needs to find it.
std::string in_words(const lisp::Fault& fault) {
    std::string words;
    if (!fault.place.empty())
        words = fault.place + ": ";
    else if (fault.form_index > 0)
        words = "form " + std::to_string(fault.form_index + 1) + ": ";
    words += fault.message;
    if (!fault.type.empty()) words += " (" + fault.type + ")";
    return words;
}

/// Quotes the text for Lisp's reader.
std::string in_quotes(const std::string& text) {
    std::string lisp = "\"";
    for (const char character : text) {
        if (character == '"' || character == '\\') lisp += '\\';
        lisp += character;
    }
    return lisp + "\"";
}

std::string who_gets_in(const Object& server) {
    const std::string& file = server.find("secret-file")->as_string();
    if (server.find("has-secret")->as_bool()) return "clients need the secret in '" + file + "'";
    const std::string why =
        file.empty() ? "this user has no home directory for a secret" : "there is no secret in '" + file + "'";
    return why + ", so every local user has access";
}

Reply reply_from(const Value& value) {
    if (value.is_null()) return {};
    if (!value.is_object()) throw std::runtime_error{"the handler did not return a property list"};
    return Reply{value.as_object()};
}

}  // namespace

LispError::LispError(lisp::Fault fault, const Object& more)
    : ErrorReply{fault.message, fields_of(fault, more)}, fault_{std::move(fault)} {}

class Lisp::Parts {
public:
    Parts(ServiceBase& service, Options options, std::unique_ptr<lisp::Machine> machine)
        : service_{&service},
          options_{std::move(options)},
          evaluator_{std::move(machine),
                     {.heap = options_.heap_limit, .text = options_.text_limit},
                     {.serve = [this](const std::string& function,
                                      const Value::List& arguments) { return serve(function, arguments); },
                      .summon = [this] { return summon(); },
                      .log = [this](const std::string& level, const std::string& text) { log(level, text); }}} {
        evaluator_.on_boot([this] {
            for (const auto& [name, function] : functions_) tell_of(name);
        });
        declare_events();
        service_->add_cleanup([this] { evaluator_.shut_down(); });
    }

    void define(std::string_view name, Function function) {
        if (std::find(own_names.begin(), own_names.end(), name) != own_names.end())
            throw std::invalid_argument{"cannot define the function '" + std::string{name} +
                                        "' for Lisp: every service has one of that name"};
        const bool is_new = functions_.insert_or_assign(std::string{name}, std::move(function)).second;
        if (is_new && evaluator_.has_booted()) tell_of(std::string{name});
    }

    /// Logs the output if the task fails. \throws LispError
    Evaluation run(const Task& task) {
        Evaluation evaluation = evaluate(task);
        if (!evaluation.fault) return evaluation;
        log_lines(evaluation.output);
        throw LispError{std::move(*evaluation.fault)};
    }

    /// Does the same for an event's handler, but always logs the output.
    Reply run_handler(Task task, Context& context) {
        // A handler that begins when the service stops is part of the stop. The state changes first: when the stop event
        // begins, its token may not have been asked to stop yet.
        const bool is_part_of_stop =
            context.stop_token().stop_requested() || ServiceCore::of(*service_).state().now() == ServiceState::stopping;
        if (!is_part_of_stop) task.stop = context.stop_token();
        contexts_.push_back(&context);
        const struct Left {
            std::vector<Context*>& contexts;
            ~Left() { contexts.pop_back(); }
        } left{contexts_};
        const Evaluation evaluation = run(task);
        log_lines(evaluation.output);
        return reply_from(evaluation.result);
    }

    [[nodiscard]] ServiceBase& service() noexcept { return *service_; }

private:
    void declare_events();
    Evaluation evaluate(const Task& task) {
        auto evaluation = evaluator_.evaluate(task);
        if (!evaluation) throw std::runtime_error{evaluation.error().message()};
        return std::move(*evaluation);
    }
    Reply answer_eval(const Arguments& arguments, const Context& context);
    /// From any thread.
    Object interrupt_evaluations();
    Reply create_swank_server(const Arguments& arguments);
    Reply stop_swank_server(const Arguments& arguments);

    void tell_of(const std::string& name) {
        static_cast<void>(run({.kind = Task::Kind::call, .texts = {"DEFINE-HOST-FUNCTION"}, .arguments = {name}}));
    }

    lisp::Answer serve(const std::string& function, const Value::List& arguments) {
        try {
            return {.value = call(function, arguments)};
        } catch (const CallError& error) {
            return {.ok = false, .text = error.what(), .type = error.code()};
        } catch (...) {
            const CaughtException caught = describe_current_exception();
            return {.ok = false, .text = caught.message, .type = caught.type};
        }
    }

    Value call(const std::string& function, const Value::List& arguments);
    Value trigger(const std::string& event, const Value::List& arguments);
    Value set_handler(const Value::List& arguments);

    std::optional<lisp::Answer> summon() {
        try {
            service_->post_work("lisp", [this] { evaluator_.serve_calls(); });
            return std::nullopt;
        } catch (const CallError& error) {
            return lisp::Answer{.ok = false, .text = error.what(), .type = error.code()};
        }
    }

    void log(const std::string& level, const std::string& text) {
        service_->log().write(log_level_from(level).value_or(LogLevel::info), text);
    }

    void log_lines(std::string_view output) {
        while (!output.empty()) {
            const auto line = take_up_to('\n', output);
            if (!line.empty()) service_->log().info(line);
        }
    }

    ServiceBase* service_;
    Options options_;
    std::map<std::string, Function, std::less<>> functions_;
    std::vector<Context*> contexts_;  ///< of the running handlers, the innermost last
    std::mutex evaluations_mutex_;
    std::vector<std::stop_source> evaluations_;  ///< those that the event `eval` waits for, the innermost last
    bool has_swank_ = false;
    lisp::Evaluator evaluator_;
};

void Lisp::Parts::declare_events() {
    EventTable& events = service_->events();
    events.add(
        {.name = "eval",
         .description = "evaluates Lisp in the service",
         .parameters = {{.name = "form", .description = "a form", .default_value = Value{}},
                        {.name = "forms",
                         .type = ParameterType::list,
                         .description = "more forms, each a string",
                         .default_value = Value::List{}},
                        {.name = "package", .description = "where they are read", .default_value = "CL-USER"},
                        {.name = "time-limit",
                         .type = ParameterType::number,
                         .description = "in seconds",
                         .default_value = default_time_limit,
                         .minimum = shortest_time_limit,
                         .maximum = longest_time_limit}},
         .handler = [this](const Arguments& arguments, Context& context) { return answer_eval(arguments, context); },
         .needs = ControlRole::owner,
         .hangs_after = std::chrono::milliseconds{0}});
    events.add({.name = "interrupt-eval",
                .description = "ends what eval evaluates now",
                .handler = [this](const Arguments&, Context&) { return Reply{interrupt_evaluations()}; },
                .needs = ControlRole::owner});
    // Answered while a handler runs, since it ends the evaluation that the handler waits for.
    ServiceCore::of(*service_).control_plane().answer_at_once(events.find("interrupt-eval"),
                                                              [this] { return interrupt_evaluations(); });
    const Parameter port{.name = "port", .type = ParameterType::integer, .minimum = 0, .maximum = 65535};
    Parameter new_port = port;
    new_port.description = "a port of the loopback; 0: any that is free";
    new_port.default_value = 0;
    events.add({.name = "create-swank-server",
                .description = "lets an editor connect (SLIME)",
                .parameters = {new_port},
                .handler = [this](const Arguments& arguments, Context&) { return create_swank_server(arguments); },
                .needs = ControlRole::owner});
    Parameter old_port = port;
    old_port.description = "port of the server; 0 stops all of them";
    old_port.default_value = 0;
    events.add({.name = "stop-swank-server",
                .description = "ends it, and the connections that it has",
                .parameters = {old_port},
                .handler = [this](const Arguments& arguments, Context&) { return stop_swank_server(arguments); },
                .needs = ControlRole::owner});
}

Reply Lisp::Parts::answer_eval(const Arguments& arguments, const Context& context) {
    Task task{.texts = arguments.get<std::vector<std::string>>("forms"),
              .package = arguments.get<std::string>("package"),
              .time_limit = std::chrono::ceil<std::chrono::milliseconds>(
                  std::chrono::duration<double>{arguments.get<double>("time-limit")})};
    if (arguments.has("form")) task.texts.insert(task.texts.begin(), arguments.get<std::string>("form"));
    std::stop_source interrupt;
    const std::stop_callback at_stop{context.stop_token(), [&interrupt] { interrupt.request_stop(); }};
    task.stop = interrupt.get_token();
    {
        const std::lock_guard guard{evaluations_mutex_};
        evaluations_.push_back(interrupt);
    }
    const struct Over {
        Parts& parts;
        ~Over() {
            const std::lock_guard guard{parts.evaluations_mutex_};
            parts.evaluations_.pop_back();
        }
    } over{*this};
    Evaluation evaluation = evaluate(task);
    const Object given{{"values", lists_of(evaluation.values)}, {"output", evaluation.output}};
    if (evaluation.fault) {
        if (evaluation.fault->kind == FaultKind::timeout && context.stop_token().stop_requested())
            evaluation.fault->message += ", since the service stops";
        throw LispError{std::move(*evaluation.fault), given};
    }
    Reply reply{given};
    reply.set("package", evaluation.result);
    return reply;
}

Object Lisp::Parts::interrupt_evaluations() {
    const std::lock_guard guard{evaluations_mutex_};
    for (std::stop_source& evaluation : evaluations_) evaluation.request_stop();
    return {{"interrupted", !evaluations_.empty()}};
}

Reply Lisp::Parts::create_swank_server(const Arguments& arguments) {
    try {
        if (!has_swank_)
            static_cast<void>(run({.kind = Task::Kind::source,
                                   .texts = {std::string{lisp::sources::swank}},
                                   .arguments = {Object{{"directory", options_.swank_directory}}}}));
        has_swank_ = true;
    } catch (const LispError& error) {
        if (!error.fault().type.ends_with("SWANK-PACKAGE-NOT-FOUND")) throw;
        throw ErrorReply(error.what(), {}, "swank-package-not-found");
    }
    const Evaluation started =
        run({.kind = Task::Kind::call, .texts = {"START-SWANK"}, .arguments = {arguments.get<std::int64_t>("port")}});
    const Object& server = started.result.as_object();
    const Value& port = *server.find("port");
    service_->log().warning("a Swank server listens on port " + std::to_string(port.as_integer()) +
                            " of the loopback; " + who_gets_in(server));
    return {{"port", port}};
}

Reply Lisp::Parts::stop_swank_server(const Arguments& arguments) {
    const auto port = arguments.get<std::int64_t>("port");
    if (!has_swank_) {
        if (port != 0) throw std::runtime_error{"no Swank server listens on port " + std::to_string(port)};
        return {{"ports", Value::List{}}};
    }
    const Evaluation stopped = run({.kind = Task::Kind::call, .texts = {"STOP-SWANK"}, .arguments = {port}});
    return {{"ports", stopped.result.is_null() ? Value{Value::List{}} : stopped.result}};
}

Value Lisp::Parts::call(const std::string& function, const Value::List& arguments) {
    if (function == "setting") return service_->settings().value(arguments.at(0).as_string());
    if (function == "set-setting") {
        LayeredSettings* settings = ServiceCore::of(*service_).configuration().in_making();
        if (settings == nullptr) throw ConfigurationError{"settings are set while the load event runs"};
        settings->set_value(arguments.at(0).as_string(), arguments.at(1), SettingsLayer::on_load);
        return arguments.at(1);
    }
    if (function == "client-p") return service_->settings().is_client();
    if (function == "reload-p") return service_->is_reload();
    if (function == "trigger") return trigger(arguments.at(0).as_string(), arguments);
    if (function == "progress") {
        if (!contexts_.empty())
            contexts_.back()->progress(arguments.at(0).as<std::uint64_t>(), arguments.at(1).as<std::uint64_t>(),
                                       arguments.at(2).as_string());
        return {};
    }
    if (function == "set-handler") return set_handler(arguments);
    const auto found = functions_.find(function);
    if (found == functions_.end()) throw std::out_of_range{"there is no function '" + function + "'"};
    return found->second(arguments);
}

Value Lisp::Parts::trigger(const std::string& event, const Value::List& arguments) {
    const auto declared = service_->events().find(event);
    const Object given = arguments.at(1).is_object() ? arguments.at(1).as_object() : Object{};
    return service_->trigger(event, declared ? lisp::adapt(*declared, given) : given).fields();
}

Value Lisp::Parts::set_handler(const Value::List& arguments) {
    const auto before = service_->events().find(arguments.at(0).as_string());
    EventDeclaration event = lisp::declaration_from(arguments, before ? *before : EventDeclaration{});
    event.handler = [this, name = event.name](const Arguments& given, Context& context) {
        return run_handler({.kind = Task::Kind::call, .texts = {"RUN-HANDLER"}, .arguments = {name, given.values()}},
                           context);
    };
    service_->events().replace(std::move(event));
    return {};
}

namespace {
/// Lets help and completion include Lisp without a running service.
[[maybe_unused]] const bool is_lisp_noted = ServiceCore::note_lisp();
}  // namespace

Lisp::Lisp(ServiceBase& service, Options options, std::unique_ptr<lisp::Machine> machine) {
    if (const lisp::AnswerFault answers = machine->answers_faults(); answers != nullptr)
        static_cast<void>(os::add_fault_owner(answers));
    parts_ = std::make_unique<Parts>(service, std::move(options), std::move(machine));
}

Lisp::~Lisp() = default;

void Lisp::define(std::string_view name, Function function) { parts_->define(name, std::move(function)); }

Handler Lisp::handler(std::string source) {
    return [parts = parts_.get(), source = std::move(source)](const Arguments& arguments, Context& context) {
        return parts->run_handler({.kind = Task::Kind::source, .texts = {source}, .arguments = {arguments.values()}},
                                  context);
    };
}

void Lisp::on(std::string_view event, std::string source) {
    ServiceBase& service = parts_->service();
    if (event == "load") service.load_in_service();
    const auto declared = service.events().find(event);
    EventDeclaration declaration = declared ? *declared : EventDeclaration{.name = std::string{event}};
    declaration.handler = handler(std::move(source));
    // A user who starts the service sees only the message.
    if (event == "load")
        declaration.handler = [load = std::move(declaration.handler)](const Arguments& arguments, Context& context) {
            try {
                return load(arguments, context);
            } catch (const LispError& error) {
                lisp::Fault fault = error.fault();
                fault.message = in_words(fault);
                throw LispError{std::move(fault)};
            }
        };
    service.events().replace(std::move(declaration));
}

void Lisp::load_script(const std::string& path) {
    on("load", "(progn (load " + in_quotes(std::filesystem::absolute(path)) + ") nil)");
}

std::vector<std::vector<std::string>> Lisp::evaluate(const std::vector<std::string>& forms, const std::string& package,
                                                     std::optional<std::chrono::milliseconds> time_limit,
                                                     const std::stop_token& stop) {
    return parts_->run({.texts = forms, .package = package, .time_limit = time_limit, .stop = stop}).values;
}

}  // namespace servicekit
