// Routing of GR4J (Perrin et al. 2003) and its adjoint.
//
// With r = R / x3 and f = (x2 / x3) r^3.5, one day does:
//
//   routing      r' = max(0, r + q9 / x3 + f),  r+ = m r',  m = (1 + r'^4)^(-1/4)
//   flow         Q = x3 (r' - r+) + max(0, q1 + x3 f)
//
// and backward (forward line, then what it passes on):
//
//   Q = x3 (r' - r+) + max(0, q1 + x3 f)   b = x3 Q-;  r'- = b, r+- = r- - b
//                                          q1- = open2 Q-,  f- = open2 b
//   r+ = m r'                              r'- += m^5 r+-
//   r' = max(0, r + q9 / x3 + f)           i = open1 r'-;  r- = i, q9- = i / x3, f- += i
//   f = (x2 / x3) r^3.5                    r- += f- df/dr,  x2- += f- r^3.5 / x3
#include <cmath>

namespace gr4j {

struct routing_gr4j {
  struct adjoint;
  struct tangent;

  // theta is x1, x2, x3, x4, stores is S0, R0; UH1 leads 90 % of the water, UH2 10 %.
  static constexpr int parameters = 4, stores = 2;
  static constexpr double uh1_share() { return 0.9; }
  static constexpr double uh2_share() { return 0.1; }

  // What the backward sweep needs of a day.
  struct record {
    double store_open;   // 0 if max(0, .) cuts r' off, else 1: at 0 the slope upward
    double direct_open;  // the same for q1 + x3 f
    double m5;           // d r+ / d r' = m^5
    double power;        // r^3.5
    double df_dr;        // d f / d r
    double inflow;       // q9 / x3
    double dQ_dx3;       // of Q itself: r' - r+, and f where the direct branch is open
  };

  double x3, inverse_x3, exchange;
  double r;

  routing_gr4j(const double* theta, const double* stores)
      : x3(theta[2]),
        inverse_x3(1 / theta[2]),
        exchange(theta[1] / theta[2]),
        r(stores[1] * inverse_x3) {}

  // Flow of a day on which q9 and q1 leave the unit hydrographs.
  template <bool Gradient>
  double forward(double q9, double q1, record& day) {
    const double root = std::sqrt(r), r_2_5 = r * r * root, power = r * r_2_5;
    const double f = exchange * power, inflow = q9 * inverse_x3;
    const double level = r + inflow + f;
    const double full = level < 0 ? 0 : level;
    const double full2 = full * full;
    const double m = 1 / std::sqrt(std::sqrt(1 + full2 * full2));
    const double emptied = m * full;
    const double direct = q1 + x3 * f;
    if (Gradient) {
      const double m2 = m * m;
      day.store_open = level < 0 ? 0 : 1;
      day.direct_open = direct < 0 ? 0 : 1;
      day.m5 = m2 * m2 * m;
      day.power = power;
      day.df_dr = 3.5 * exchange * r_2_5;
      day.inflow = inflow;
      day.dQ_dx3 = full - emptied + day.direct_open * f;
    }
    r = emptied;
    return x3 * (full - emptied) + (direct < 0 ? 0 : direct);
  }
};

struct routing_gr4j::adjoint {
  double x3, inverse_x3, exchange;
  double r = 0, x2_sum = 0, x3_sum = 0;

  explicit adjoint(const double* theta)
      : x3(theta[2]), inverse_x3(1 / theta[2]), exchange(theta[1] / theta[2]) {}

  // Adjoints of the day's q9 and q1.
  void backward(const record& day, double Q_adjoint, double& q9_adjoint, double& q1_adjoint) {
    // r- of the day before is a linear function of r-: its slope and the rest do not wait for it
    const double b = x3 * Q_adjoint, open_b = day.direct_open * b;
    const double full = day.m5 * r + (1 - day.m5) * b;
    const double through = day.store_open * (1 + day.df_dr);
    r = through * day.m5 * r + (through * (1 - day.m5) * b + open_b * day.df_dr);
    const double inner = day.store_open * full;
    const double f = inner + open_b;
    x2_sum += f * day.power;
    x3_sum += b * day.dQ_dx3 - inner * day.inflow - f * (exchange * day.power);
    q9_adjoint = inner * inverse_x3;
    q1_adjoint = day.direct_open * Q_adjoint;
  }

  // Adds what is due to x2, x3 and R0.
  void finish(const double* stores, double* theta_adjoint, double* stores_adjoint) const {
    theta_adjoint[1] += x2_sum * inverse_x3;
    theta_adjoint[2] += (x3_sum - r * stores[1] * inverse_x3) * inverse_x3;
    stores_adjoint[1] += r * inverse_x3;
  }
};

// Derivatives of the days' flow with respect to theta and stores.
struct routing_gr4j::tangent {
  static constexpr int N = parameters + stores;
  double x3, inverse_x3, exchange;
  double r[N] = {};

  tangent(const double* theta, const double* stores)
      : x3(theta[2]), inverse_x3(1 / theta[2]), exchange(theta[1] / theta[2]) {
    r[2] = -stores[1] * inverse_x3 * inverse_x3;
    r[parameters + 1] = inverse_x3;
  }

  // Those of a day's Q, given those of its q9 and q1.
  void forward(const record& day, const double* q9, const double* q1, double* Q_tangent) {
    for (int k = 0; k < N; ++k) {
      const double by_x2 = k == 1 ? inverse_x3 : 0, by_x3 = k == 2 ? 1 : 0;
      const double f = day.df_dr * r[k] + day.power * (by_x2 - by_x3 * exchange * inverse_x3);
      const double inflow = (q9[k] - by_x3 * day.inflow) * inverse_x3;
      const double full = day.store_open * (r[k] + inflow + f), emptied = day.m5 * full;
      Q_tangent[k] =
          x3 * (full - emptied) + day.direct_open * (q1[k] + x3 * f) + by_x3 * day.dQ_dx3;
      r[k] = emptied;
    }
  }
};

}  // namespace gr4j
