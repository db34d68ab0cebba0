#include "base/signal_name.hpp"

#include <algorithm>
#include <array>
#include <csignal>

namespace servicekit {
namespace {

struct NamedSignal {
    int number;
    std::string_view name;
};

constexpr std::array named_signals{
    NamedSignal{SIGABRT, "SIGABRT"}, NamedSignal{SIGALRM, "SIGALRM"}, NamedSignal{SIGBUS, "SIGBUS"},
    NamedSignal{SIGFPE, "SIGFPE"},   NamedSignal{SIGHUP, "SIGHUP"},   NamedSignal{SIGILL, "SIGILL"},
    NamedSignal{SIGINT, "SIGINT"},   NamedSignal{SIGKILL, "SIGKILL"}, NamedSignal{SIGPIPE, "SIGPIPE"},
    NamedSignal{SIGPROF, "SIGPROF"}, NamedSignal{SIGQUIT, "SIGQUIT"}, NamedSignal{SIGSEGV, "SIGSEGV"},
    NamedSignal{SIGSYS, "SIGSYS"},   NamedSignal{SIGTERM, "SIGTERM"}, NamedSignal{SIGTRAP, "SIGTRAP"},
    NamedSignal{SIGUSR1, "SIGUSR1"}, NamedSignal{SIGUSR2, "SIGUSR2"}, NamedSignal{SIGVTALRM, "SIGVTALRM"},
    NamedSignal{SIGXCPU, "SIGXCPU"}, NamedSignal{SIGXFSZ, "SIGXFSZ"},
};

}  // namespace

std::string_view signal_name(int number) noexcept {
    const auto* const found = std::find_if(named_signals.begin(), named_signals.end(),
                                           [number](const NamedSignal& known) { return known.number == number; });
    return found != named_signals.end() ? found->name : "a signal";
}

}  // namespace servicekit
