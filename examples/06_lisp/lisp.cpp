// A service that is what a script says: configured and extended in Lisp, in a file that is given on the command line.
//
//   lisp SCRIPT VERB [OPTION...]
//
// So a script may begin with `#!/usr/bin/env lisp`, and is a service program itself.
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <servicekit/lisp/lisp.hpp>
#include <servicekit/main.hpp>
#include <servicekit/service.hpp>

using servicekit::Reply, servicekit::Value;

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: " << argv[0] << " SCRIPT VERB [OPTION...]\n";
        return servicekit::to_int(servicekit::ExitCode::usage);
    }
    // What the program offers in C++, and the script may use.
    std::int64_t greetings = 0;
    servicekit::EventHooks hooks;
    hooks.on_status = [&](Reply& reply) { reply.set("greetings", greetings); };
    servicekit::Service service{{.name = "lisp", .version = "1.0", .description = "is what its script says"},
                                std::move(hooks)};
    servicekit::Lisp lisp{service};
    lisp.define("count-greeting", [&](const Value::List&) { return Value{++greetings}; });
    lisp.load_script(argv[1]);

    std::vector<char*> arguments{argv[0]};
    arguments.insert(arguments.end(), argv + 2, argv + argc);
    return servicekit::service_main(static_cast<int>(arguments.size()), arguments.data(), service);
}
