/* Stands for what Measureworks would serve from its own address: it counts platforms, with a cookie of its own. */
document.cookie = "mw_count=1;path=/;max-age=7776000;samesite=lax";
