// The kernel without Stan. Reads cases from standard input, each as
//
//   T  theta stores  P[T]  E[T]  Q_adjoint[T]
//
// and prints a line for each: the flows simulated without a gradient, those simulated with one, the
// adjoints of theta and of the stores, those of the days' net input, and the tangents of the flows,
// a day's after the other. Every buffer is exactly as
// long as the kernel asks for, so that a sanitizer sees any step beyond it.
#include "hydrographs.hpp"
#include "production.hpp"
#include "routing/gr4j.hpp"
#include "sweep.hpp"
#include "tangent.hpp"

#include <cmath>
#include <cstdio>
#include <iostream>
#include <vector>

namespace {

using routing = gr4j::routing_gr4j;
using series = std::vector<double>;

series read(int n) {
  series values(n);
  for (double& value : values) std::cin >> value;
  return values;
}

void print(const series& values) {
  for (double value : values) std::printf("%.17g ", value);
}

}  // namespace

int main() {
  for (int T; std::cin >> T;) {
    const series theta = read(routing::parameters), stores = read(routing::stores);
    const series P = read(T), E = read(T), Q_adjoint = read(T);
    if (!std::cin) return 1;
    series Q(T, NAN), net(T, NAN), theta_adjoint(theta.size(), NAN);
    series stores_adjoint(stores.size(), NAN);
    gr4j::run<routing> value, both;
    gr4j::simulate<routing, false>(T, P.data(), E.data(), theta.data(), stores.data(), value,
                                   Q.data());
    print(Q);
    gr4j::simulate<routing, true>(T, P.data(), E.data(), theta.data(), stores.data(), both,
                                  Q.data());
    print(Q);
    gr4j::adjoint<routing>(T, P.data(), E.data(), theta.data(), stores.data(), both,
                           Q_adjoint.data(), theta_adjoint.data(), stores_adjoint.data(),
                           net.data());
    print(theta_adjoint);
    print(stores_adjoint);
    print(net);
    series Q_tangent(T * (theta.size() + stores.size()), NAN);
    gr4j::tangent<routing>(T, P.data(), E.data(), theta.data(), stores.data(), both,
                           Q_tangent.data());
    print(Q_tangent);
    std::printf("\n");
  }
  return 0;
}
