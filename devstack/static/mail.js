// Shows the times in the reader's own time zone, and says when new mail has come in.
const day = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const full = { dateStyle: "full", timeStyle: "medium" };
for (const time of document.querySelectorAll("time")) {
  const inList = time.closest(".messages") !== null;
  time.textContent = new Date(time.dateTime).toLocaleString("en-GB", inList ? day : full);
}

const news = document.getElementById("news");

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(`/api/messages?after=${news.dataset.newest}&limit=100`);
      const count = (await answer.json()).length;
      if (count > 0) {
        const link = document.createElement("a");
        link.href = "/";
        link.textContent = `Show ${count === 100 ? "100 or more" : count} new`;
        news.replaceChildren(link);
      }
    } catch {
      news.textContent = "The mail catcher does not answer: it has probably been stopped.";
    }
  }
  setTimeout(look, 2000);
}

if (news) setTimeout(look, 2000);
