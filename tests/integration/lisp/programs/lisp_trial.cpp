// A service with a Lisp. The effects of its events and functions can be seen from outside.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <servicekit/lisp/lisp.hpp>
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

#include "integration/lisp/asan_options.hpp"

using servicekit::Arguments, servicekit::Context, servicekit::Reply, servicekit::Settings, servicekit::Value;

namespace {

std::string text_in(const Settings& settings, const char* key) { return settings.app().get<std::string>(key, ""); }

class LispTrial final : public servicekit::Service {
public:
    explicit LispTrial(servicekit::ServiceOptions options)
        : servicekit::Service{std::move(options)},
          lisp_{*this, {.heap_limit = std::size_t{256} << 20U, .swank_directory = variable("LISP_TRIAL_SWANK")}} {
        lisp_.define("value", [this](const Value::List&) { return Value{value_}; });
        lisp_.define("set-value", [this](const Value::List& arguments) {
            value_ = arguments.at(0).as_integer();
            return Value{value_};
        });
        lisp_.define("echo", [](const Value::List& arguments) { return Value{arguments}; });
        lisp_.define("throw", [](const Value::List&) -> Value { throw std::runtime_error("thrown in C++: żółw"); });
        events().add(
            {.name = "crash",
             .parameters = {{.name = "in-thread", .type = servicekit::ParameterType::boolean, .default_value = false}},
             .handler = [](const Arguments& arguments, Context&) -> Reply {
                 // Works with any disposition of SIGSEGV.
                 const auto write_to_null = [] { *static_cast<volatile int*>(nullptr) = 0; };
                 if (arguments.get<bool>("in-thread"))
                     std::thread{write_to_null}.join();
                 else
                     write_to_null();
                 return {};
             }});
        events().add({.name = "greet",
                      .parameters = {{.name = "name"}, {.name = "loud", .type = servicekit::ParameterType::boolean}},
                      .handler = [](const Arguments& arguments, Context&) -> Reply {
                          return {{"greeting", "hello " + arguments.get<std::string>("name")},
                                  {"loud", arguments.get<bool>("loud")}};
                      }});
        events().add({.name = "eval-in-cpp",
                      .parameters = {{.name = "form"}},
                      .handler = [this](const Arguments& arguments, Context&) -> Reply {
                          try {
                              return {{"value", lisp_.evaluate({arguments.get<std::string>("form")}).at(0).at(0)}};
                          } catch (const servicekit::LispError& error) {
                              return {{"caught", error.fault().type}};
                          }
                      }});
        events().add({.name = "in-lisp",
                      .handler = lisp_.handler("(defpackage :fresh (:use :cl))"
                                               "(defun fresh::double (n) (* 2 n))"
                                               "(list :twice (fresh::double 21))")});
        if (const std::string script = variable("LISP_TRIAL_SCRIPT"); !script.empty()) lisp_.load_script(script);
        if (const std::string source = variable("LISP_TRIAL_ON_LOAD"); !source.empty()) lisp_.on("load", source);
    }

private:
    void on_load(Settings& settings) override {
        if (const std::string source = text_in(settings, "on-stop"); !source.empty()) lisp_.on("stop", source);
    }
    void on_status(Reply& reply) override { reply.set("value", value_); }

    static std::string variable(const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr ? value : "";
    }

    std::int64_t value_ = 1;
    servicekit::Lisp lisp_;
};

}  // namespace

int main(int argc, char** argv) {
    return servicekit::service_main<LispTrial>(argc, argv, {.name = "lisp-trial", .version = "1.0"});
}
