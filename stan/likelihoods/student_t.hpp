// The C++ of student_t.stan.j2: independent errors of Student's t distribution.
#include <cmath>

namespace gr4j {

// Derivative of the log of the gamma function at x > 0: its recurrence up to where five terms of
// the asymptotic series (Abramowitz and Stegun 1964, 6.3.18) are exact to rounding.
inline double digamma(double x) {
  double below = 0;
  for (; x < 20; x += 1) below += 1 / x;
  const double w = 1 / (x * x);
  const double series =
      w * (1. / 12 - w * (1. / 120 - w * (1. / 252 - w * (1. / 240 - w * (1. / 132)))));
  return std::log(x) - 0.5 / x - series - below;
}

// Log density of the observations y on n days, and its derivatives. Q_adjoint, zero on entry, gets
// those with respect to the flows; days count from 1. errors: sigma, nu.
inline double log_likelihood(int n, const int* day, const double* y, const double* Q,
                             const double* errors, double* Q_adjoint, double* errors_adjoint) {
  const double sigma = errors[0], nu = errors[1], half = 0.5 * (nu + 1);
  const double scale = 1 / (nu * sigma * sigma);
  double logs = 0, shares = 0;
  for (int i = 0; i < n; ++i) {
    const double residual = y[i] - Q[day[i] - 1];
    const double square = residual * residual * scale, weight = 1 / (1 + square);
    logs += std::log(1 + square);
    shares += square * weight;
    Q_adjoint[day[i] - 1] = 2 * half * scale * residual * weight;
  }
  errors_adjoint[0] = (2 * half * shares - n) / sigma;
  errors_adjoint[1] =
      0.5 * (n * (digamma(half) - digamma(0.5 * nu) - 1 / nu) - logs) + half * shares / nu;
  const double log_pi = 1.14472988584940017414;
  return n * (std::lgamma(half) - std::lgamma(0.5 * nu) - 0.5 * (std::log(nu) + log_pi) -
              std::log(sigma)) -
         half * logs;
}

}  // namespace gr4j
