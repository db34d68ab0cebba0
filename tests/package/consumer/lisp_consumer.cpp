#include <servicekit/lisp/lisp.hpp>
#include <servicekit/service.hpp>

int main() {
    servicekit::Service service{{.name = "consumer"}};
    servicekit::Lisp lisp{service};
    return lisp.evaluate({"(+ 40 2)"}).at(0).at(0) == "42" ? 0 : 1;
}
