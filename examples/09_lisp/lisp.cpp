// A service configured and extended by a Lisp script. A script that begins with `#!/usr/bin/env lisp` is a program.
//
//   lisp SCRIPT VERB [OPTION...]
#include <servicekit/lisp/lisp.hpp>
#include <servicekit/servicekit.hpp>

#include <cstdint>
#include <iostream>
#include <utility>
#include <vector>

using servicekit::Reply, servicekit::Value;

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: " << argv[0] << " SCRIPT VERB [OPTION...]\n";
        return servicekit::to_int(servicekit::ExitCode::usage);
    }
    // A C++ function that the script can call.
    std::int64_t greetings = 0;
    servicekit::EventHooks hooks;
    hooks.on_status = [&](Reply& reply) { reply.set("greetings", greetings); };
    servicekit::Service service{{.name = "lisp", .version = "1.0", .description = "does what its script says"},
                                std::move(hooks)};
    servicekit::Lisp lisp{service};
    lisp.define("count-greeting", [&](const Value::List&) { return Value{++greetings}; });
    lisp.load_script(argv[1]);

    std::vector<char*> arguments{argv[0]};
    arguments.insert(arguments.end(), argv + 2, argv + argc);
    return servicekit::service_main(static_cast<int>(arguments.size()), arguments.data(), service);
}
