#include <servicekit/lisp/lisp.hpp>
#include <servicekit/service.hpp>

int main() {
    servicekit::Service service{{.name = "consumer"}};
    servicekit::Lisp lisp{service};
    if (lisp.evaluate({"(+ 40 2)"}).at(0).at(0) != "42") return 1;
    // Compiled code calls functions that are linked. They must come from the component and not from libecl.
    try {
        lisp.evaluate({"(require :asdf)", "(funcall (intern \"QUIT\" \"UIOP\") 0)"});
        return 2;
    } catch (const servicekit::LispError& error) {
        return error.fault().kind == servicekit::lisp::FaultKind::exit ? 0 : 3;
    }
}
