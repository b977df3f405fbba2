// The production store, which all structures share, and its adjoint.
//
// Its level is relative to the capacity, s = S / x1. With n = P - E, T = tanh(|n| / x1) and
// C = (9/4)^4, one day does:
//
//   rain         s' = (s + T) / (1 + s T)                if n >= 0
//   evaporation  s' = s (1 - T) / (1 + (1 - s) T)        else
//   percolation  s+ = k s',  k = (1 + s'^4 / C)^(-1/4)
//   effective    pr = n + x1 (s - s+) with rain, x1 (s' - s+) with evaporation
//
// The forms of s' are those of Perrin et al. (2003) divided by x1 and, with rain, written as the
// addition theorem of tanh, which they are. The recurrence of s is what takes the time: everything
// else is kept off its path, and the days' partial derivatives, which the backward sweep needs, are
// computed in its shadow.
//
// A bar is an adjoint, a value's derivative of the target. Backward, a day does (forward line, then
// what it passes on):
//
//   pr = ... - x1 s+ + x1 (s or s')        c = x1 pr-;  s+- = s- - c;  s- or s'- += c
//   s+ = k s'                              s'- += k^5 s+-
//   s' = rain or evaporation               s- += s'- ds'/ds,  n- += s'- ds'/dn
//
// and x1 acts on s' by way of n / x1 alone, so that ds'/dx1 = -(n / x1) ds'/dn.
#include <cmath>

namespace gr4j {

// tanh of z >= 0, by its continued fraction where seven terms are exact to rounding.
inline double tanh_positive(double z) {
  if (z < 0.5) {
    double w = z * z;
    return z * (135135 + w * (17325 + w * (378 + w))) /
           (135135 + w * (62370 + w * (3150 + w * 28)));
  }
  return 1 - 2 / (std::exp(2 * z) + 1);
}

// (1 + u)^(-1/4), by its series where ten terms are exact to rounding; percolation of a store
// that is not overfilled has u <= 0.04.
inline double percolation_factor(double u) {
  if (u > 0.04) return 1 / std::sqrt(std::sqrt(1 + u));
  double u2 = u * u, u4 = u2 * u2;
  double low = (1 - u / 4) + u2 * (5. / 32 - u * (15. / 128));
  double middle = (195. / 2048 - u * (663. / 8192)) + u2 * (4641. / 65536 - u * (16575. / 262144));
  double high = 480675. / 8388608 - u * (1762475. / 33554432) + u2 * (13042315. / 268435456);
  return low + u4 * (middle + u4 * high);
}

struct production {
  struct adjoint;
  template <int N>
  struct tangent;

  // What the backward sweep needs of a day.
  struct record {
    double dry;      // 1 with evaporation, 0 with rain
    double ds_ds;    // d s' / d s
    double ds_dnet;  // d s' / d n
    double k5;       // d s+ / d s' = k^5
  };

  double x1, inverse_x1;
  double s;

  production(const double* theta, const double* stores)
      : x1(theta[0]), inverse_x1(1 / theta[0]), s(stores[0] * inverse_x1) {}

  // Water that leaves for the unit hydrographs on a day of net input `net`.
  template <bool Gradient>
  double forward(double net, record& day) {
    const double inverse_C = 1 / (2.25 * 2.25 * 2.25 * 2.25);
    const bool wet = net >= 0;
    const double z = std::fabs(net) * inverse_x1;
    const double T = tanh_positive(z);
    const double a = wet ? s : 1 - s;
    const double D = 1 / (1 + a * T);
    const double mid = (wet ? s + T : s * (1 - T)) * D;
    const double mid2 = mid * mid;
    const double k = percolation_factor(mid2 * mid2 * inverse_C);
    const double after = k * mid;
    const double pr = x1 * ((wet ? s : mid) - after) + (wet ? net : 0);
    if (Gradient) {
      const double D2 = D * D, dT = 1 - T * T, k2 = k * k;
      day.dry = wet ? 0 : 1;
      day.ds_ds = dT * D2;
      day.ds_dnet = (wet ? 1 - s * s : s * (2 - s)) * day.ds_ds * inverse_x1;
      day.k5 = k2 * k2 * k;
    }
    s = after;
    return pr;
  }
};

struct production::adjoint {
  double x1, inverse_x1;
  double s = 0, x1_sum = 0;

  explicit adjoint(const double* theta) : x1(theta[0]), inverse_x1(1 / theta[0]) {}

  // Adjoint of the day's net input.
  double backward(const record& day, double net, double pr, double pr_adjoint) {
    const double c = x1 * pr_adjoint, rain = net > 0 ? net : 0;
    const double mid = day.k5 * s + (day.dry - day.k5) * c;
    s = day.ds_ds * day.k5 * s + (day.ds_ds * (day.dry - day.k5) + (1 - day.dry)) * c;
    const double by_level = mid * day.ds_dnet;
    x1_sum += pr_adjoint * (pr - rain) - by_level * net;
    return by_level + (1 - day.dry) * pr_adjoint;
  }

  // Adds what is due to x1 and S0.
  void finish(const double* stores, double* theta_adjoint, double* stores_adjoint) const {
    theta_adjoint[0] += x1_sum * inverse_x1 - s * stores[0] * inverse_x1 * inverse_x1;
    stores_adjoint[0] += s * inverse_x1;
  }
};

// Derivatives of the days' water with respect to the N elements of theta and stores, of which the
// first is x1 and that number `level` is S0.
template <int N>
struct production::tangent {
  double x1, inverse_x1;
  double s[N] = {};

  tangent(const double* theta, const double* stores, int level)
      : x1(theta[0]), inverse_x1(1 / theta[0]) {
    s[0] = -stores[0] * inverse_x1 * inverse_x1;
    s[level] = inverse_x1;
  }

  // Those of a day's pr.
  void forward(const record& day, double net, double pr, double* pr_tangent) {
    const double rain = net > 0 ? net : 0, wet = 1 - day.dry;
    for (int k = 0; k < N; ++k) {
      const double by_x1 = k == 0 ? inverse_x1 : 0;
      const double mid = day.ds_ds * s[k] - day.ds_dnet * net * by_x1;
      const double after = day.k5 * mid;
      pr_tangent[k] = x1 * (wet * s[k] + day.dry * mid - after) + (pr - rain) * by_x1;
      s[k] = after;
    }
  }
};

}  // namespace gr4j
