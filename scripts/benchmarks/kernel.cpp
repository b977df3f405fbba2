// Seconds of a value and of a value + gradient of the bare kernel.
//
//   PROGRAM REPEATS < DATA    DATA: x1 x2 x3 x4 S0 R0, T, then P and E of T days
//
// Prints the mean seconds of both. In the gradient the flows' adjoints are Q - 1.
#include "hydrographs.hpp"
#include "production.hpp"
#include "routing/gr4j.hpp"
#include "sweep.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

int main(int, char* argv[]) {
  using routing = gr4j::routing_gr4j;
  const int repeats = std::atoi(argv[1]);
  double theta[routing::parameters], stores[routing::stores];
  int T;
  for (double& value : theta) std::cin >> value;
  for (double& value : stores) std::cin >> value;
  std::cin >> T;
  std::vector<double> P(T), E(T), Q(T), Q_adjoint(T);
  for (double& value : P) std::cin >> value;
  for (double& value : E) std::cin >> value;
  gr4j::run<routing> space;

  volatile double sink = 0;
  auto run = [&](bool gradient) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) {
      if (gradient) {
        double theta_adjoint[routing::parameters], stores_adjoint[routing::stores];
        gr4j::simulate<routing, true>(T, P.data(), E.data(), theta, stores, space, Q.data());
        for (int t = 0; t < T; ++t) Q_adjoint[t] = Q[t] - 1;
        gr4j::adjoint(T, P.data(), E.data(), theta, stores, space, Q_adjoint.data(), theta_adjoint,
                      stores_adjoint);
        sink = theta_adjoint[0];
      } else {
        gr4j::simulate<routing, false>(T, P.data(), E.data(), theta, stores, space, Q.data());
        sink = Q[T - 1];
      }
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return elapsed.count() / repeats;
  };
  run(false);
  run(true);
  const double value = run(false);
  std::printf("%.9g %.9g\n", value, run(true));
}
